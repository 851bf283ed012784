import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireBuild, startDaemonProcess, type DaemonProcess } from '../support/built-programs.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { untilServing } from '../support/rental-views.js';
import { ApiCaller, eventually } from '../support/running-daemon.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';
import { WsClient } from '../support/ws-client.js';

/** One number per place where somebody may write one; all pass Luhn. */
const CARDS = [
  '4242424242424242',
  '5555555555554444',
  '378282246310005',
  '6011111111111117',
  '4000056655665556',
];
const SPACED = ['4242 4242 4242 4242', '5555-5555-5555-4444'];

let planted = 0;
/** A secret that stands nowhere else. */
const canary = (kind: string): string => `CANARY${kind}x${String((planted += 1)).padStart(4, '0')}zq9`;

const MODES: readonly [string, readonly string[], Record<string, string>][] = [
  ['as it is for customers', [], { JWT_SECRET: canary('jwt').padEnd(40, 'k'), PROVIDER_SANDBOX: 'true' }],
  ['in developer and debug mode', ['-dv', '-dm'], {}],
];

describe.each(MODES)('secrets and card numbers that are planted in the daemon, %s', (_, flags, env) => {
  let redis: RedisServer;
  let folder: TempFolder;
  let daemon: DaemonProcess;
  /** What must be found nowhere. */
  const secrets: string[] = [...CARDS, ...SPACED];
  /** Answers, but for those that show a new credential to its owner. */
  const answers: string[] = [];

  const secret = (kind: string): string => {
    const text = canary(kind);
    secrets.push(text);
    return text;
  };

  beforeAll(async () => {
    requireBuild();
    redis = await startRedis();
    folder = await createTempFolder('canaries');
    daemon = await startDaemonProcess(folder.path, flags, {
      ...env,
      ...redis.env,
      SESSION_MODE: 'balanced',
      STRIPE_SECRET_KEY: `sk_test_${secret('stripe')}`,
      STRIPE_WEBHOOK_SECRET: `whsec_${secret('webhook')}`,
      STRIPE_API_URL: 'http://127.0.0.1:9',
      AFTERDARK_API_KEY: secret('afterdark'),
      AFTERDARK_API_URL: 'http://127.0.0.1:9',
      METRICS_TOKEN: secret('metrics'),
      SANDBOX_TIME_SCALE: '600',
      SIGNUP_CREDITS: '1000',
      PROXY_OPEN_TARGETS: 'true',
      REGISTER_RATE_LIMIT_PER_HOUR: '0',
      LOGIN_RATE_LIMIT_PER_15M: '0',
      RATE_LIMIT_PER_MINUTE: '0',
    });
    if (env.JWT_SECRET) secrets.push(env.JWT_SECRET);
    await plantEverywhere();
  });
  afterAll(async () => {
    await daemon.stop();
    await redis.stop();
    await folder.remove();
  });

  const send = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<{ status: number; text: string }> => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${daemon.url}${path}`, {
      method,
      headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: text,
    });
    return { status: answer.status, text: await answer.text() };
  };
  /** As `send`; the answer must hold nothing of what was planted. */
  const plant = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<string> => {
    const { text } = await send(method, path, headers, body);
    answers.push(text);
    return text;
  };

  interface SignedUp {
    token: string;
    refresh: string;
    key: string;
    keyId: string;
    password: string;
  }

  async function signUp(email: string): Promise<SignedUp> {
    const password = secret('password');
    await plant('POST', '/api/v1/auth/register', {}, { email, password, name: 'C' });
    const login = await send('POST', '/api/v1/auth/login', {}, { email, password });
    const { tokens } = JSON.parse(login.text) as {
      tokens: { access_token: string; refresh_token: string };
    };
    const token = tokens.access_token;
    const made = await send(
      'POST',
      '/api/v1/auth/apikey',
      { authorization: `Bearer ${token}` },
      { name: 'k' },
    );
    const { id: keyId, api_key: key } = JSON.parse(made.text) as { id: string; api_key: string };
    secrets.push(token, tokens.refresh_token, key);
    return { token, refresh: tokens.refresh_token, key, keyId, password };
  }

  async function plantEverywhere(): Promise<void> {
    const me = await signUp('canary@example.com');
    await plantInLogins(me);
    await plantInPayments(me);
    await plantInRentals(me);
    await plantInRequests(me);
    await plantInSockets(me);
    await plantInErrors(me);
  }

  async function plantInLogins({ key, refresh, password }: SignedUp): Promise<void> {
    const email = 'canary@example.com';
    const post = (path: string, body: unknown, headers = {}): Promise<string> =>
      plant('POST', `/api/v1/auth/${path}`, headers, body);
    await post('login', { email, password: secret('wrong') });
    await post('login', { email: 'nobody@example.com', password: secret('nobody') });
    await post('login', { email, password: secret('field'), surprise: secret('value') });
    await post('register', { email, password: secret('taken'), name: 'x' });
    await post('register', {
      email: 'weak@example.com',
      password: 'short',
      name: 'x',
      secret: secret('extra'),
    });
    await post('refresh', { refresh_token: secret('refresh') });
    await post('logout', { refresh_token: secret('logout') });
    await plant('POST', '/api/v1/auth/login', {}, `{"email":"a","password":"${secret('broken')}`);
    const fresh = await send('POST', '/api/v1/auth/refresh', {}, { refresh_token: refresh });
    const { tokens } = JSON.parse(fresh.text) as {
      tokens: { access_token: string; refresh_token: string };
    };
    secrets.push(tokens.access_token, tokens.refresh_token);
    const change = { current_password: password, new_password: secret('new') };
    const changed = await send(
      'PUT',
      '/api/v1/auth/password',
      { authorization: `Bearer ${tokens.access_token}` },
      change,
    );
    secrets.push(...(changed.text.match(/(?<="(?:access|refresh)_token":")[^"]+/g) ?? []));
    for (const bad of [`gpx_live_${secret('badkey')}`, secret('notakey')]) {
      await plant('GET', '/api/v1/credits', { 'x-api-key': bad });
      await plant('GET', '/v1/models', { authorization: `Bearer ${bad}` });
      await plant('GET', `/api/v1/credits?api_key=${bad}`, { 'x-api-key': key });
    }
    await plant('GET', `/api/v1/credits?key=${key}`, { 'x-api-key': key });
    await plant('GET', '/api/v1/credits', { authorization: `Basic ${secret('basic')}` });
    await plant('GET', '/api/v1/credits', { 'x-api-key': key, cookie: `session=${secret('cookie')}` });
  }

  async function plantInPayments({ key }: SignedUp): Promise<void> {
    const headers = { 'x-api-key': key };
    const body = { amount: 5, currency: 'USD', provider: 'stripe' };
    const places = [
      '/api/v1/billing/payment',
      '/api/v1/gpu/pools',
      '/api/v1/gpu/proxy',
      '/v1/chat/completions',
      '/nothing',
    ];
    for (const [index, path] of places.entries()) {
      const preference = `card:${CARDS[index % CARDS.length]}:12/30:123`;
      await plant('POST', path, { ...headers, 'x-preferred-payment': preference }, body);
      await plant('POST', path, { ...headers, 'x-preferred-payment': `card:${SPACED[index % 2]}` }, body);
    }
    for (const card of [...CARDS, ...SPACED]) {
      await plant('POST', '/api/v1/billing/payment', headers, { ...body, card: { number: card } });
      await plant('POST', '/api/v1/billing/payment', headers, {
        ...body,
        return_url: `https://x.test/?c=${card}`,
      });
      await plant('POST', '/api/v1/billing/payment', { ...headers, 'x-billing': card }, body);
      await plant('POST', '/api/v1/billing/payment', { ...headers, 'idempotency-key': card }, body);
      await plant('POST', '/api/v1/billing/methods', headers, { token: card });
      await plant('GET', `/api/v1/billing/transactions/${encodeURIComponent(card)}`, headers);
      await plant('GET', '/api/v1/credits', { ...headers, 'user-agent': `agent ${card}` });
      await plant('GET', '/api/v1/credits', { ...headers, 'x-request-id': card.replaceAll(' ', '-') });
      await plant(
        'POST',
        '/api/v1/auth/register',
        {},
        { email: `${card.replaceAll(/\D/g, '')}@example.com`, password: 'secure-password', name: card },
      );
      await plant(
        'POST',
        '/api/v1/auth/login',
        { 'user-agent': `agent ${card}` },
        { email: card, password: 'x' },
      );
    }
    await plant(
      'POST',
      '/api/v1/billing/webhooks/stripe',
      { 'stripe-signature': `t=1,v1=${secret('signature')}` },
      { id: secret('event') },
    );
    await plant('POST', '/api/v1/billing/webhooks/afterdark', { 'x-signature': secret('signature') }, {});
  }

  async function plantInRentals({ key, token }: SignedUp): Promise<void> {
    const headers = { 'x-api-key': key };
    const config = {
      env: { HF_TOKEN: secret('hf') },
      registry: { server: 'ghcr.io', username: 'u', password: secret('registry') },
    };
    const filters = { min_vram: 24 };
    await plant('POST', '/api/v1/gpu/instances/reserve', headers, { count: 1, pool: 'llm', filters, config });
    await untilServing(new ApiCaller(daemon.url, key, token), 1);
    const pool = { upstream_headers: { authorization: `Bearer ${secret('poolheader')}` } };
    await plant('PATCH', '/api/v1/gpu/pools/llm', headers, pool);
    await plant('POST', '/api/v1/gpu/pools', headers, { name: 'other', ...pool, unknown: secret('pool') });
    await plant('GET', '/api/v1/gpu/pools/llm', headers);
    await plant('GET', '/api/v1/gpu/rentals', headers);
    await plant('POST', '/api/v1/gpu/instances/vast.ai/1', headers, config);
  }

  /** What an upstream answers is its own business, so these answers are not looked at. */
  async function plantInRequests({ key }: SignedUp): Promise<void> {
    const headers = {
      'x-api-key': key,
      authorization: `Bearer ${secret('upstream')}`,
      cookie: `c=${secret('upcookie')}`,
      'x-custom': secret('custom'),
    };
    const messages = [{ role: 'user', content: `${secret('prompt')} ${CARDS[0]}` }];
    const model = 'sandbox/tiny-llm';
    const query = `api_key=${secret('query')}&card=${CARDS[1]}`;
    await send('POST', '/v1/chat/completions', { 'x-api-key': key }, { model, messages, stream: true });
    await send(
      'POST',
      `/v1/chat/completions?${query}`,
      { 'x-api-key': key },
      { model: secret('model'), messages },
    );
    await send('POST', `/api/v1/gpu/pools/llm/proxy/v1/chat/completions?${query}`, headers, {
      model,
      messages,
    });
    await send('GET', `/api/v1/gpu/pools/none/proxy/${secret('path')}?${query}`, headers);
    await send(
      'POST',
      `/v2/models/${secret('oip')}/infer?${query}`,
      { 'x-api-key': key },
      { inputs: [secret('tensor')] },
    );
    await send(
      'POST',
      '/mcp/llm',
      { 'x-api-key': key, 'mcp-session-id': secret('mcp') },
      { jsonrpc: '2.0', id: 1, method: secret('method') },
    );
    const envelope = (body: object): Promise<{ text: string }> =>
      send('POST', '/api/v1/gpu/proxy', { 'x-api-key': key }, body);
    const parts = {
      headers: { 'x-a': secret('eh') },
      upstream_headers: { 'x-b': secret('euh') },
      body: { p: secret('eb') },
    };
    await envelope({ protocol: 'http', pool: 'llm', path: `/x?k=${secret('ep')}`, ...parts });
    await envelope({ protocol: 'http', target_url: `http://127.0.0.1:1/?k=${secret('turl')}`, ...parts });
    await envelope({ protocol: 'http', target_url: `http://u:${secret('userinfo')}@127.0.0.1/`, ...parts });
    await envelope({
      protocol: 'mcp',
      pool: 'llm',
      body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { a: secret('tool') } },
    });
    await envelope({ protocol: 'openinference', pool: 'llm', body: { model, prompt: secret('oiprompt') } });
  }

  async function plantInSockets({ key }: SignedUp): Promise<void> {
    await WsClient.refusal(`${daemon.url}/ws?token=${secret('wsquery')}`);
    await WsClient.refusal(`${daemon.url}/ws`, {
      headers: { authorization: `Bearer ${secret('wsbearer')}` },
    });
    const late = await WsClient.open(`${daemon.url}/ws`);
    late.send({ type: 'auth', token: secret('wsauth') });
    await late.expectClose();
    const client = await WsClient.open(`${daemon.url}/ws`, { headers: { 'x-api-key': key } });
    const messages = [{ role: 'user', content: secret('wsprompt') }];
    client.send({
      type: 'infer',
      id: '1',
      protocol: 'openai',
      model: 'sandbox/tiny-llm',
      body: { messages },
    });
    await client.expect(({ type }) => type === 'completed' || type === 'failed');
    client.send(`{"type":"${secret('frame')}"`);
    await client.expect(({ type }) => type === 'error');
    client.close();
  }

  async function plantInErrors({ key, keyId, token }: SignedUp): Promise<void> {
    const headers = { 'x-api-key': key };
    await plant('GET', `/api/v1/gpu/rentals/${CARDS[2]}`, headers);
    await plant('GET', `/${secret('path')}?x=${CARDS[3]}`, {});
    await plant('GET', `/metrics?token=${secret('metricstoken')}`, {
      authorization: `Bearer ${secret('metricsbearer')}`,
    });
    await plant('DELETE', `/api/v1/auth/apikey/${keyId}`, { authorization: `Bearer ${token}` });
    await plant('GET', '/api/v1/credits', headers);
  }

  /** What a line, a row or an answer holds of what was planted: without separators too. */
  const found = (text: string): string[] => {
    const compact = text.replaceAll(/(\d)[ -](?=\d)/g, '$1');
    return secrets.filter((one) => text.includes(one) || compact.includes(one));
  };

  it('are enough of them', () => expect(secrets.length).toBeGreaterThan(60));

  it('stand in no log line', () => {
    expect(daemon.lines.length).toBeGreaterThan(5);
    expect(daemon.lines.flatMap((line) => found(line).map((one) => `${one} in ${line}`))).toEqual([]);
  });

  it('stand in no answer', () => {
    expect(answers.length).toBeGreaterThan(100);
    expect(answers.flatMap((text) => found(text).map((one) => `${one} in ${text}`))).toEqual([]);
  });

  it('stand in no key and no value of Redis', async () => {
    const keys = (await redis.command('KEYS', '*')) as string[];
    const contents = await Promise.all(keys.map(async (name) => `${name} ${await contentOf(redis, name)}`));
    expect(contents.length).toBeGreaterThan(0);
    expect(contents.flatMap(found)).toEqual([]);
  });

  it('stand in no file of the database, and in no other file beside it', async () => {
    // The write-ahead log still holds what was changed or deleted since.
    await eventually(async () => (await readdir(folder.path)).some((name) => name.endsWith('.db')));
    for (const name of await readdir(folder.path)) {
      if (name.endsWith('.secret')) continue;
      const bytes = await readFile(join(folder.path, name), 'latin1');
      expect([name, found(bytes)]).toEqual([name, []]);
    }
  });
});

async function contentOf(redis: RedisServer, name: string): Promise<string> {
  const type = await redis.command('TYPE', name);
  const commands: Record<string, string[]> = {
    string: ['GET', name],
    hash: ['HGETALL', name],
    set: ['SMEMBERS', name],
    list: ['LRANGE', name, '0', '-1'],
    zset: ['ZRANGE', name, '0', '-1'],
    stream: ['XRANGE', name, '-', '+'],
  };
  const [command, ...args] = commands[String(type)] ?? ['TYPE', name];
  return JSON.stringify(await redis.command(command, ...args));
}
