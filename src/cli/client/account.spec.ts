import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerEverything } from '../../../test/support/api-answers.js';
import { json, startApiDouble, type ApiDouble } from '../../../test/support/api-double.js';
import { runClient, type ClientRun } from '../../../test/support/run-client.js';

describe('commands about the account', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
    answerEverything(double);
  });
  afterEach(() => double.close());

  const open = (...argv: string[]): Promise<ClientRun> => runClient(['-api', double.url, ...argv]);
  const run = (...argv: string[]): Promise<ClientRun> => open('-key', 'my-key', ...argv);

  it('credits: amounts as money', async () => {
    expect((await run('credits')).lines.slice(0, 6)).toEqual([
      'remaining   $42.50',
      'held        $1.25',
      'used        $57.50',
      'total       $100.00',
      'overage     $0.00 of $10.00 allowed',
      'auto-renew  off',
    ]);
  });

  it('usage: a line per request, small costs with all their digits', async () => {
    expect((await run('usage')).lines[1]).toMatch(
      /^1 min ago +llama +vast-777 +openai +200 +812 ms +12 +345 +\$0\.000123 +request-7$/,
    );
  });

  it('sessions: client, address, duration and the five credit fields', async () => {
    const { lines } = await run('sessions');
    expect(lines[0]).toMatch(/REMAINING +TOTAL +OVERAGE +CAP +AUTO-RENEW$/);
    expect(lines[1]).toMatch(
      /^key-1 +198\.51\.100\.4 +2026-11-24 +10:15:00 +4 min +\$42\.50 +\$100\.00 +\$0\.00 +\$10\.00 +off$/,
    );
  });

  it.each(['usage', 'sessions'])('%s: asks for a span of time', async (command) => {
    await run(command, '-from', '2030-01-01', '-to', '2030-02-01');
    expect(double.received[0].url).toBe(`/api/v1/credits/${command}?from=2030-01-01&to=2030-02-01`);
  });

  it('keys: everything but the key', async () => {
    expect((await run('keys')).lines[1]).toMatch(
      /^key-1 +My API Key +gpx_live_ab +never +gpu:read, proxy:use$/,
    );
  });

  it('register: needs no key, and takes a name of several words', async () => {
    const { status, lines } = await open('register', 'user@example.com', 'secure-password', 'John', 'Doe');
    expect(status).toBe(0);
    expect(JSON.parse(double.received[0].body)).toEqual({
      email: 'user@example.com',
      password: 'secure-password',
      name: 'John Doe',
    });
    expect(lines).toContain('name   John Doe');
  });

  it('login: prints the tokens, and says when the password must change', async () => {
    const { lines } = await open('login', 'user@example.com', 'secure-password');
    expect(lines[0]).toMatch(/^access token +eyJ/);
    expect(lines[1]).toBe('refresh token  refresh-0123456789');
    expect(lines[2]).toBe('expires in     1 h');
    const tokens = { access_token: 'a', refresh_token: 'r', token_type: 'Bearer', expires_in: 60 };
    double.answer('POST /api/v1/auth/login', json({ user: {}, tokens, must_change: true }));
    expect((await open('login', 'a', 'b')).stdout).toContain('This password has to be changed');
  });

  it('does not send a key to open routes', async () => {
    await run('login', 'user@example.com', 'secure-password');
    await run('health');
    expect(double.received.map(({ headers }) => headers['x-api-key'])).toEqual([undefined, undefined]);
  });

  it('create-key: sends the token, not the key, and shows the new key once', async () => {
    const { lines } = await run(
      '-token',
      'jwt-1',
      'create-key',
      'My API Key',
      '-scope',
      'gpu:read',
      '-spend-limit',
      '5',
    );
    const [{ headers, body }] = double.received;
    expect(headers.authorization).toBe('Bearer jwt-1');
    expect(headers['x-api-key']).toBeUndefined();
    expect(JSON.parse(body)).toEqual({ name: 'My API Key', scopes: ['gpu:read'], spend_limit_credits: 5 });
    expect(lines[0]).toBe('key      gpx_live_abcdef0123456789');
    expect(lines).toContain('Keep the key now: it is not shown again.');
  });

  it('create-key: narrows the key to what the flags say', async () => {
    const flags = ['-allow-ip', '10.0.0.0/8', '-allow-model', 'acme/*', '-allow-target', 'llm'];
    await open('-token', 'jwt', 'create-key', 'n', ...flags, '-allow-target', 'own', '-rate', '60');
    expect(JSON.parse(double.received[0].body)).toEqual({
      name: 'n',
      allowed_ips: ['10.0.0.0/8'],
      allowed_models: ['acme/*'],
      allowed_targets: ['llm', 'own'],
      requests_per_minute: 60,
    });
  });

  it('create-key: asks for a token when there is only a key', async () => {
    const { status, stderr } = await run('create-key', 'My API Key');
    expect(status).toBe(2);
    expect(stderr).toContain('-token JWT');
  });

  it('health: tells the status', async () => {
    expect((await open('health')).lines[0]).toBe('status  ok');
  });

  it('version: this program and its Node', async () => {
    const { version, node } = JSON.parse((await open('version', '-json')).stdout) as Record<string, string>;
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect((await open('version')).stdout).toBe(`aiserve-gpuproxy-client ${version} (Node ${node})\n`);
  });

  it.each([
    ['rentals', 'No rentals.'],
    ['pools', 'No pools.'],
    ['reservations', 'No reservations.'],
    ['usage', 'No usage yet.'],
    ['sessions', 'No sessions yet.'],
    ['keys', 'No API keys.'],
  ])('%s: says so when there are none', async (command, sentence) => {
    const empty = { rentals: [], pools: [], reservations: [], usage: [], sessions: [], api_keys: [] };
    for (const path of [
      'gpu/rentals',
      'gpu/pools',
      'gpu/reservations',
      'credits/usage',
      'credits/sessions',
      'auth/apikey',
    ])
      double.answer(`GET /api/v1/${path}`, json(empty));
    expect((await run(command)).stdout.startsWith(sentence)).toBe(true);
  });
});
