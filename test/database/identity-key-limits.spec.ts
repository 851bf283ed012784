import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newApiKey } from '../../src/auth/api-keys/api-key-format.js';
import { ApiKey } from '../../src/auth/api-keys/api-key.entity.js';
import { CallerVerifier } from '../../src/auth/verification/caller-verifier.js';
import type { Caller } from '../../src/common/caller.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { IdentityApp, type Answer, type Login } from './identity-app.js';

const LIMITS = {
  allowed_ips: ['203.0.113.7', '198.51.100.0/24', '2001:db8::/32'],
  allowed_models: ['acme/llama', 'qwen*'],
  allowed_targets: ['llm', 'vast-123', 'api.example.com', '*.example.org:8443'],
  spend_limit_credits: 0.000001,
  requests_per_minute: 5,
};

onEachDatabase('limits of API keys', { entities: [ApiKey] }, (open) => {
  let app: IdentityApp;
  let database: TestDatabase;
  let login: Login;
  let user = 0;
  beforeAll(async () => {
    database = await open();
    app = await IdentityApp.start(database.config, { RATE_LIMIT_PER_MINUTE: '20' });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    app.clock.advance(60_000);
    login = await app.member(`limited-${++user}@example.com`);
  });

  const make = (body: object): Promise<Answer> =>
    app.call('POST', 'auth/apikey', { token: login.access, body: { name: 'k', ...body } });
  const told = ({ status, body }: Answer): unknown[] => [status, body.code];

  it('are told as they were given, when the key is made, listed and rotated', async () => {
    const made = await make(LIMITS);
    expect([made.status, made.body]).toEqual([201, expect.objectContaining(LIMITS)]);
    const { id } = made.body as unknown as { id: string };
    const list = await app.call('GET', 'auth/apikey', { token: login.access });
    expect(list.body.api_keys).toEqual([expect.objectContaining({ id, ...LIMITS })]);
    const rotated = await app.call('POST', `auth/apikey/${id}/rotate`, { token: login.access, body: {} });
    expect([rotated.status, rotated.body]).toEqual([201, expect.objectContaining(LIMITS)]);
  });

  it.each([
    ['allowed_ips', []],
    ['allowed_ips', ['10.0.0.0/33']],
    ['allowed_ips', ['10.1']],
    ['allowed_ips', ['0x7f.0.0.1']],
    ['allowed_ips', ['2001:db8::/129']],
    ['allowed_ips', ['::ffff:10.0.0.1']],
    ['allowed_ips', ['fe80::1%eth0']],
    ['allowed_ips', ['10.0.0.0/8/8']],
    ['allowed_ips', ['example.com']],
    ['allowed_ips', '10.0.0.0/8'],
    ['allowed_ips', Array.from({ length: 101 }, (_, index) => `10.0.0.${index}`)],
    ['allowed_models', []],
    ['allowed_models', ['']],
    ['allowed_models', [7]],
    ['allowed_models', ['two words']],
    ['allowed_targets', []],
    ['allowed_targets', ['line\nbreak']],
    ['spend_limit_credits', -1],
    ['spend_limit_credits', '5'],
    ['spend_limit_credits', 0.0000001],
    ['spend_limit_credits', 1e30],
    ['requests_per_minute', 0],
    ['requests_per_minute', 1.5],
    ['requests_per_minute', 1_000_001],
  ])('are not made of %s: %j', async (field, value) => {
    const answer = await make({ [field]: value });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual(expect.arrayContaining([expect.objectContaining({ field })]));
  });

  describe('of addresses', () => {
    it('let the key in from there alone, known or not', async () => {
      const { api_key: key } = await app.key(login, { allowed_ips: LIMITS.allowed_ips });
      for (const from of ['203.0.113.7', '198.51.100.9', '2001:db8::9', '::ffff:203.0.113.7']) {
        expect((await app.whoAmI({ key, from })).status).toBe(200);
      }
      for (const from of ['203.0.113.8', '198.51.101.9', '2001:db9::1', '127.0.0.1', '::1']) {
        expect(told(await app.whoAmI({ key, from }))).toEqual([403, 'address_not_allowed']);
      }
      expect((await app.whoAmI({ key, from: '203.0.113.7' })).status).toBe(200);
    });

    it('are not talked round by headers of the caller', async () => {
      const { api_key: key } = await app.key(login, { allowed_ips: ['203.0.113.7'] });
      const headers = {
        'x-forwarded-for': '203.0.113.7',
        'x-real-ip': '203.0.113.7',
        forwarded: 'for=203.0.113.7',
      };
      expect(told(await app.whoAmI({ key, headers }))).toEqual([403, 'address_not_allowed']);
    });

    it('refuse where nobody knows the address', async () => {
      const { api_key: key } = await app.key(login, { allowed_ips: ['203.0.113.7'] });
      const verify = async (): Promise<Caller> => app.app.get(CallerVerifier).verify({ 'x-api-key': key });
      await expect(verify()).rejects.toMatchObject({ code: 'address_not_allowed' });
    });
  });

  describe('of the rate', () => {
    it('end in 429 while the account goes on, also after a rotation', async () => {
      const { api_key: key, id } = await app.key(login, { requests_per_minute: 5 });
      const answers = [];
      for (let request = 0; request < 6; request++) answers.push(await app.whoAmI({ key }));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
      expect(answers[0].headers.ratelimit).toContain('"key";r=4');
      expect(answers[5].body).toMatchObject({ code: 'rate_limited', violated_policies: ['key'] });
      expect(Number(answers[5].headers['retry-after'])).toBe(12);
      expect((await app.whoAmI({ token: login.access })).status).toBe(200);
      const rotated = await app.call('POST', `auth/apikey/${id}/rotate`, { token: login.access, body: {} });
      const successor = (rotated.body as unknown as { api_key: string }).api_key;
      expect((await app.whoAmI({ key: successor })).status).toBe(429);
      app.clock.advance(12_000);
      expect((await app.whoAmI({ key: successor })).status).toBe(200);
    });

    it('cost the account nothing when they refuse', async () => {
      const { api_key: key } = await app.key(login, { requests_per_minute: 1 });
      for (let request = 0; request < 30; request++) await app.whoAmI({ key });
      expect((await app.whoAmI({ token: login.access })).status).toBe(200);
    });
  });

  describe('and rotation', () => {
    const rotate = (key: string, id: string): Promise<Answer> =>
      app.call('POST', `auth/apikey/${id}/rotate`, { key, body: {} });
    const manager = (body: object = {}): Promise<{ id: string; api_key: string }> =>
      app.key(login, { scopes: ['keys:manage'], ...body });

    it('go together: a limited key rotates itself and no other', async () => {
      const [limited, free] = [await manager({ allowed_ips: ['127.0.0.1'] }), await manager()];
      expect(told(await rotate(limited.api_key, free.id))).toEqual([403, 'scope_not_allowed']);
      expect((await rotate(limited.api_key, limited.id)).status).toBe(201);
      expect((await rotate(free.api_key, free.id)).status).toBe(201);
    });
  });

  it('cost one query to find out, and none as long as they are remembered', async () => {
    const { api_key: key } = await app.key(login, LIMITS);
    const verifier = app.app.get(CallerVerifier);
    const queries = vi.spyOn(app.app.get(DataSource).logger, 'logQuery');
    await verifier.verify({ 'x-api-key': key }, '203.0.113.7');
    const cold = queries.mock.calls.filter(([sql]) => sql.startsWith('SELECT')).length;
    for (let request = 0; request < 100; request++)
      await verifier.verify({ 'x-api-key': key }, '203.0.113.7');
    await expect(async () => verifier.verify({ 'x-api-key': newApiKey('live').text })).rejects.toThrow();
    const { calls } = queries.mock;
    expect([cold, calls.filter(([sql]) => sql.startsWith('SELECT')).length]).toEqual([1, 2]);
  });
});
