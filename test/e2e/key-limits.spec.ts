import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { startOpenAiUpstream, type OpenAiUpstream } from '../support/openai-upstream.js';
import { untilServing } from '../support/rental-views.js';
import { signUp, type ApiCaller, type Reply } from '../support/running-daemon.js';
import { WsClient } from '../support/ws-client.js';

const MESSAGES = [{ role: 'user', content: 'Hello' }];
const CHAT = '/v1/chat/completions';
const ENVELOPE = '/api/v1/gpu/proxy';
const FORBIDDEN_TARGET = [403, 'target_not_allowed'];
const FORBIDDEN_MODEL = [403, 'model_not_allowed'];

/** The code of an answer, in whichever form its route has for errors. */
function told({ status, body }: Reply<unknown>): unknown[] {
  const { code, error } = (body ?? {}) as { code?: string; error?: { code?: string } | string };
  return [status, code ?? (typeof error === 'object' ? error.code : error)];
}

/** Without those that the service makes on its own to know how its instances are. */
const requestsOf = ({ received }: OpenAiUpstream): number =>
  received.filter(({ path }) => !/^\/(?:health|v2)/.test(path)).length;

/** Pools `llm` (acme/llama) and `own` (own-model) of one account, each with one machine. */
describe('limits of a key on the data plane', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let owner: ApiCaller;
  let upstreams: OpenAiUpstream[];
  const ids: Record<string, { id: string; instanceId: string }> = {};

  beforeAll(async () => {
    upstreams = await Promise.all([startOpenAiUpstream(), startOpenAiUpstream()]);
    upstreams[0].models = ['acme/llama'];
    upstreams[1].models = ['own-model'];
    const machines = upstreams.map(({ origin }, index) => ({
      name: ['llm', 'own'][index],
      url: origin,
      gpu_model: 'L4',
      vram_gb: 24,
      price_per_hour: 0,
    }));
    lab = await openGpuLab('sqlite', {
      STATIC_MACHINES: JSON.stringify(machines),
      SIGNUP_CREDITS: '1000',
      PRICE_PER_REQUEST: '1',
      PROXY_OPEN_TARGETS: 'true',
      TRUSTED_PROXIES: '127.0.0.1/32',
    });
    daemon = await lab.start();
    owner = await signUp(daemon.url);
    for (const pool of ['llm', 'own']) {
      await owner.post(`/api/v1/gpu/instances/static/static-${pool}`, { pool });
    }
    for (const { id, instance_id: instanceId } of await untilServing(owner, 2))
      ids[instanceId?.slice('static-'.length) ?? ''] = { id, instanceId: instanceId ?? '' };
  });
  afterAll(async () => {
    await lab.close();
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });

  const chat = (caller: ApiCaller, model: string, headers = {}): Promise<Reply<unknown>> =>
    caller.post(CHAT, { model, messages: MESSAGES }, headers);
  const envelope = (caller: ApiCaller, body: object): Promise<Reply<unknown>> =>
    caller.post(ENVELOPE, { protocol: 'http', ...body });
  const mcp = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const infer = async (caller: ApiCaller, frame: object): Promise<string | undefined> => {
    const client = await WsClient.open(`${caller.url}/ws`, { headers: { 'x-api-key': caller.key } });
    client.send({ type: 'infer', id: '1', protocol: 'openai', ...frame });
    const end = await client.expect(({ type }) => ['completed', 'failed', 'error'].includes(type));
    client.close();
    return end.code ?? end.type;
  };

  describe('to targets', () => {
    let limited: ApiCaller;
    beforeAll(async () => {
      limited = await owner.withKey({ allowed_targets: ['llm', ids.own.instanceId, 'api.example.com'] });
    });

    it('open what is listed: a pool, an instance', async () => {
      expect((await chat(limited, 'acme/llama')).status).toBe(200);
      expect((await limited.post(`/api/v1/gpu/pools/llm/proxy${CHAT}`, { messages: MESSAGES })).status).toBe(
        200,
      );
      expect((await limited.get(`/api/v1/gpu/rentals/${ids.own.id}/proxy/x`)).status).toBe(200);
      expect((await envelope(limited, { instance_id: ids.own.instanceId })).status).toBe(200);
      expect(await infer(limited, { model: 'acme/llama', body: { messages: MESSAGES } })).toBe('completed');
    });

    it('close everything else, by every door', async () => {
      const before = upstreams.map(requestsOf);
      const answers = [
        await chat(limited, 'own-model'),
        await chat(limited, 'own/own-model'),
        await chat(limited, 'own-model', { 'x-pool': 'own' }),
        await limited.post('/v1/audio', 'x', { 'x-pool': 'own', 'content-type': 'audio/wav' }),
        await limited.post(`/api/v1/gpu/pools/own/proxy${CHAT}`, { messages: MESSAGES }),
        await limited.get('/api/v1/gpu/pools/default/proxy/x'),
        await limited.get(`/api/v1/gpu/rentals/${ids.llm.id}/proxy/x`),
        await limited.post('/mcp/own', mcp),
        await envelope(limited, { pool: 'own' }),
        await envelope(limited, { instance_id: ids.llm.instanceId }),
        await envelope(limited, { protocol: 'mcp', pool: 'own', body: mcp }),
        await envelope(limited, { protocol: 'openinference', pool: 'own', body: { prompt: 'x' } }),
        await envelope(limited, { target_url: upstreams[0].origin }),
        await envelope(limited, { target_url: 'http://93.184.216.34/' }),
      ];
      for (const answer of answers) expect(told(answer)).toEqual(expect.arrayContaining([403]));
      expect(told(answers[4])).toEqual(FORBIDDEN_TARGET);
      expect(await limited.send('GET', '/v2/models/own-model', undefined, { 'x-pool': 'own' })).toMatchObject(
        { status: 403 },
      );
      expect(await infer(limited, { model: 'own-model', body: { messages: MESSAGES } })).toBe(
        'target_not_allowed',
      );
      const upgrade = `${daemon.url}/api/v1/gpu/pools/own/proxy/ws`;
      expect(await WsClient.refusal(upgrade, { headers: { 'x-api-key': limited.key } })).toBe(403);
      expect(upstreams.map(requestsOf)).toEqual(before);
    });

    it('hide the models that cannot be asked', async () => {
      const { body } = await limited.get<{ data: { id: string }[] }>('/v1/models');
      expect(body.data.map(({ id }) => id)).toEqual(['acme/llama']);
    });
  });

  describe('to models', () => {
    let limited: ApiCaller;
    beforeAll(async () => {
      limited = await owner.withKey({ allowed_models: ['acme/*'] });
    });

    it('open the listed ones where their name is known', async () => {
      expect((await chat(limited, 'acme/llama')).status).toBe(200);
      expect((await chat(limited, 'llm/acme/llama')).status).toBe(200);
      const { body } = await limited.get<{ data: { id: string }[] }>('/v1/models');
      expect(body.data.map(({ id }) => id)).toEqual(['acme/llama']);
    });

    it('close the others, and every door where nobody reads the name', async () => {
      const before = upstreams.map(requestsOf);
      const answers = [
        await chat(limited, 'own-model'),
        await limited.post(CHAT, { messages: MESSAGES }, { 'x-pool': 'llm' }),
        await limited.post('/v1/audio', 'x', { 'x-pool': 'llm', 'content-type': 'audio/wav' }),
        await limited.post(`/api/v1/gpu/pools/llm/proxy${CHAT}`, { model: 'acme/llama' }),
        await limited.get(`/api/v1/gpu/rentals/${ids.llm.id}/proxy/x`),
        await limited.post('/mcp/llm', mcp),
        await envelope(limited, { pool: 'llm' }),
        await envelope(limited, { protocol: 'mcp', pool: 'llm', body: mcp }),
        await envelope(limited, { protocol: 'openinference', pool: 'llm', body: { prompt: 'x' } }),
        await envelope(limited, {
          protocol: 'openinference',
          pool: 'own',
          body: { model: 'own-model', prompt: 'x' },
        }),
        await limited.get('/v2/models/own-model'),
        await limited.post('/v2/repository/models/own-model/load', {}, { 'x-pool': 'own' }),
      ];
      for (const answer of answers) expect(answer.status).toBe(403);
      expect(told(answers[0])).toEqual(FORBIDDEN_MODEL);
      expect(told(answers[3])).toEqual(FORBIDDEN_MODEL);
      const upgrade = `${daemon.url}/api/v1/gpu/pools/llm/proxy/ws`;
      expect(await WsClient.refusal(upgrade, { headers: { 'x-api-key': limited.key } })).toBe(403);
      expect(upstreams.map(requestsOf)).toEqual(before);
    });
  });

  describe('to what it may spend', () => {
    it('end in 402 for the key, across a rotation, and for nobody else', async () => {
      const limited = await owner.withKey({ spend_limit_credits: 3, scopes: ['proxy:use', 'keys:manage'] });
      for (let request = 0; request < 3; request++)
        expect((await chat(limited, 'acme/llama')).status).toBe(200);
      const refused = await limited.post(`/api/v1/gpu/pools/llm/proxy${CHAT}`, { messages: MESSAGES });
      expect([told(refused), refused.body]).toEqual([
        [402, 'key_spend_limit_reached'],
        expect.objectContaining({ spend_limit: 3 }),
      ]);
      const rotated = await limited.post<{ api_key: string }>(
        `/api/v1/auth/apikey/${limited.keyId}/rotate`,
        {},
      );
      const successor = limited.as(rotated.body.api_key);
      expect((await chat(successor, 'acme/llama')).status).toBe(402);
      expect((await chat(owner, 'acme/llama')).status).toBe(200);
    });

    it('close what costs until somebody ends it', async () => {
      const limited = await owner.withKey({ spend_limit_credits: 1000 });
      const answers = [
        await limited.post('/api/v1/gpu/instances/vast.ai/1', {}),
        await limited.post('/api/v1/gpu/instances/reserve', { count: 1 }),
        await limited.post('/api/v1/gpu/instances/batch', { vastai_count: 1, ionet_count: 0 }),
        await limited.post(`/api/v1/gpu/rentals/${ids.llm.id}/extend`, { hours: 1 }),
      ];
      for (const answer of answers) expect(told(answer)).toEqual([403, 'spend_limited_key']);
      await expect(rentAt(owner, 'vast.ai')).resolves.toMatchObject({ price: expect.any(Number) });
    });
  });

  it('to addresses hold on both planes and on sockets, for requests and later frames', async () => {
    const limited = await owner.withKey({ allowed_ips: ['203.0.113.0/24'] });
    const here = { 'x-forwarded-for': '203.0.113.9' };
    const elsewhere = { 'x-forwarded-for': '203.0.114.9' };
    const paths = ['/api/v1/credits', '/api/v1/gpu/pools/llm/proxy/x', '/v1/models', '/v2'];
    for (const path of paths) {
      expect((await limited.send('GET', path, undefined, here)).status).toBe(200);
      expect((await limited.send('GET', path, undefined, elsewhere)).status).toBe(403);
      expect((await limited.get(path)).status).toBe(403);
    }
    const headers = (from: object): object => ({ headers: { 'x-api-key': limited.key, ...from } });
    expect(await WsClient.refusal(`${daemon.url}/ws`, headers(elsewhere))).toBe(403);
    const client = await WsClient.open(`${daemon.url}/ws`, headers(here));
    client.send({
      type: 'infer',
      id: '1',
      protocol: 'openai',
      model: 'acme/llama',
      body: { messages: MESSAGES },
    });
    expect(await client.expect(({ type }) => type === 'completed' || type === 'failed')).toMatchObject({
      type: 'completed',
    });
    client.close();
    const late = await WsClient.open(`${daemon.url}/ws`, { headers: elsewhere });
    late.send({ type: 'auth', token: limited.key });
    expect(await late.expectClose()).toMatchObject({ code: 4401 });
  });

  it('to a rate are one count for both planes', async () => {
    const limited = await owner.withKey({ requests_per_minute: 4 });
    const answers = [
      await limited.get('/api/v1/credits'),
      await limited.get('/v1/models'),
      await limited.get('/api/v1/gpu/pools/llm/proxy/x'),
      await limited.get('/api/v1/gpu/rentals'),
      await limited.get('/v1/models'),
      await limited.get('/api/v1/credits'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
    expect(answers[4].headers.get('retry-after')).toMatch(/^1[45]$/);
    expect(answers[1].headers.get('ratelimit')).toContain('"key";r=2');
    expect((await owner.get('/v1/models')).status).toBe(200);
  });
});
