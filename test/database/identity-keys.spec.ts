import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newApiKey } from '../../src/auth/api-keys/api-key-format.js';
import { ApiKey } from '../../src/auth/api-keys/api-key.entity.js';
import { ApiKeysService } from '../../src/auth/api-keys/api-keys.service.js';
import { LastUsedRecorder } from '../../src/auth/api-keys/last-used.recorder.js';
import { CallerVerifier } from '../../src/auth/verification/caller-verifier.js';
import { SCOPES } from '../../src/common/caller.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { IdentityApp, type Login } from './identity-app.js';

const HOUR_MS = 3_600_000;
const DEFAULT_SCOPES = SCOPES.filter((scope) => scope !== 'keys:manage');

onEachDatabase('API keys', { entities: [ApiKey] }, (open) => {
  let app: IdentityApp;
  let database: TestDatabase;
  let login: Login;
  let user = 0;
  beforeAll(async () => {
    database = await open();
    app = await IdentityApp.start(database.config);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    login = await app.member(`key-user-${++user}@example.com`);
  });

  const rowOf = (id: string): Promise<ApiKey> =>
    app.app.get(UnitOfWork).manager.findOneByOrFail(ApiKey, { id });

  it('are shown once and work in both headers', async () => {
    const { status, body, headers } = await app.call('POST', 'auth/apikey', {
      token: login.access,
      body: { name: 'My API Key' },
    });
    expect(status).toBe(201);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toEqual({
      id: expect.any(String),
      name: 'My API Key',
      api_key: expect.stringMatching(/^gpx_live_[0-9A-Za-z]{61}$/),
      prefix: expect.stringMatching(/^gpx_live_[0-9A-Za-z]{4}$/),
      scopes: DEFAULT_SCOPES,
      expires_at: null,
      allowed_ips: null,
      allowed_models: null,
      allowed_targets: null,
      spend_limit_credits: null,
      requests_per_minute: null,
      message: expect.any(String),
    });
    const { api_key: key, prefix, id } = body as unknown as Record<string, string>;
    expect(key.startsWith(prefix)).toBe(true);
    for (const options of [{ key }, { token: key }]) {
      const me = await app.whoAmI(options);
      expect(me.body).toMatchObject({ userId: login.id, credential: 'api_key', credentialId: id });
    }
    const list = await app.call('GET', 'auth/apikey', { token: login.access });
    expect(list.text).not.toContain(key);
    expect(list.body.api_keys).toEqual([expect.objectContaining({ id, prefix, name: 'My API Key' })]);
  });

  it('are in no table', async () => {
    const { api_key: key } = await app.key(login);
    const rows = await database.dataSource.query('SELECT * FROM api_keys');
    expect(JSON.stringify(rows)).not.toContain(key.slice(21, 40));
  });

  it.each([
    [{}, 'name'],
    [{ name: 'k', expires_at: 'tomorrow' }, 'expires_at'],
    [{ name: 'k', expires_at: '2027-01-01T00:00:00' }, 'expires_at'],
    [{ name: 'k', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ name: 'k', scopes: [] }, 'scopes'],
    [{ name: 'k', scopes: ['gpu:all'] }, 'scopes'],
    [{ name: 'k', is_admin: true }, 'is_admin'],
  ])('are not made of %j', async (body, field) => {
    const answer = await app.call('POST', 'auth/apikey', { token: login.access, body });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual(expect.arrayContaining([expect.objectContaining({ field })]));
  });

  it('are refused when anything about them is wrong, without a query for a bad checksum', async () => {
    const { api_key: key } = await app.key(login);
    const flipped = key.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    for (const bad of [
      flipped,
      key.slice(0, -1),
      `${key}x`,
      key.toLowerCase(),
      '',
      'x',
      newApiKey('live').text,
    ]) {
      const answer = await app.whoAmI({ key: bad });
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_api_key']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    const query = vi.spyOn(app.app.get(UnitOfWork).manager, 'findOneBy');
    const verifier = app.app.get(CallerVerifier);
    for (let round = 0; round < 10_000; round++) {
      const { text } = newApiKey('live');
      const bad = text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');
      await expect(async () => verifier.verify({ 'x-api-key': bad })).rejects.toThrow('invalid_api_key');
    }
    expect(query).not.toHaveBeenCalled();
    query.mockRestore();
  });

  it('decide over the other header, good or bad', async () => {
    const { api_key: key } = await app.key(login);
    expect((await app.whoAmI({ key, token: 'rubbish' })).body).toMatchObject({ credential: 'api_key' });
    for (const bad of ['rubbish', '', login.access]) {
      await app.whoAmI({ token: login.access });
      expect((await app.whoAmI({ key: bad, token: login.access })).status).toBe(401);
    }
  });

  it('have no place in a URL', async () => {
    const { api_key: key } = await app.key(login);
    for (const path of [`probe/scope?key=${key}`, `probe/public?a=1&b=x${key}`]) {
      const answer = await app.call('GET', path, { key });
      expect([answer.status, answer.body.code]).toEqual([400, 'key_in_query']);
      expect(answer.text).not.toContain(key);
    }
  });

  it('do what their scopes say', async () => {
    const { api_key: key } = await app.key(login, { scopes: ['billing:read'] });
    const answer = await app.whoAmI({ key });
    expect([answer.status, answer.body.code, answer.body.required_scope]).toEqual([
      403,
      'insufficient_scope',
      'gpu:read',
    ]);
    const manager = await app.key(login, { scopes: ['keys:manage'] });
    expect((await app.call('GET', 'auth/apikey', { key: manager.api_key })).status).toBe(200);
    expect((await app.call('GET', 'auth/apikey', { key })).status).toBe(403);
  });

  it('open neither the making of keys nor logins', async () => {
    const { api_key: key } = await app.key(login, { scopes: [...SCOPES] });
    for (const [method, path, body] of [
      ['POST', 'auth/apikey', { name: 'another' }],
      ['GET', 'auth/sessions', undefined],
      ['POST', 'auth/logout-all', undefined],
      ['PUT', 'auth/password', { current_password: 'x', new_password: 'y' }],
    ] as const) {
      const answer = await app.call(method, path, { key, body });
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'login_required']);
    }
  });

  it('carry administration only when made for it by an administrator', async () => {
    const refused = await app.call('POST', 'auth/apikey', {
      token: login.access,
      body: { name: 'k', scopes: ['admin'] },
    });
    expect([refused.status, refused.body.code]).toEqual([403, 'scope_not_allowed']);
    await app.users.makeAdmin(login.email);
    const plain = await app.key(login);
    const admin = await app.key(login, { scopes: ['admin'] });
    expect((await app.call('GET', 'probe/admin', { token: login.access })).status).toBe(200);
    expect((await app.call('GET', 'probe/admin', { key: plain.api_key })).status).toBe(403);
    expect((await app.call('GET', 'probe/admin', { key: admin.api_key })).status).toBe(200);
    const second = await app.member(`second-admin-${user}@example.com`);
    await app.users.makeAdmin(second.email);
    await app.users.revokeAdmin(login.id);
    expect((await app.call('GET', 'probe/admin', { token: login.access })).status).toBe(403);
    expect((await app.call('GET', 'probe/admin', { key: admin.api_key })).status).toBe(403);
    await app.users.makeAdmin(login.email);
    await app.users.revokeAdmin(second.id);
  });

  it('end at once when revoked, and are gone from the list', async () => {
    const { id, api_key: key } = await app.key(login);
    expect((await app.whoAmI({ key })).status).toBe(200);
    expect((await app.call('DELETE', `auth/apikey/${id}`, { token: login.access })).status).toBe(200);
    expect((await app.whoAmI({ key })).status).toBe(401);
    expect((await app.call('DELETE', `auth/apikey/${id}`, { token: login.access })).status).toBe(404);
    expect((await app.call('GET', 'auth/apikey', { token: login.access })).body.api_keys).toEqual([]);
  });

  it('of others are not there', async () => {
    const { id, api_key: key } = await app.key(login);
    const other = await app.member(`other-${user}@example.com`);
    for (const [method, path] of [
      ['DELETE', `auth/apikey/${id}`],
      ['POST', `auth/apikey/${id}/rotate`],
    ]) {
      expect((await app.call(method, path, { token: other.access })).status).toBe(404);
    }
    expect((await app.whoAmI({ key })).status).toBe(200);
  });

  it('end when they expire, also while remembered', async () => {
    const expiry = new Date(app.clock.now() + 10_000).toISOString();
    const { api_key: key } = await app.key(login, { expires_at: expiry });
    expect((await app.whoAmI({ key })).status).toBe(200);
    app.clock.advance(10_000);
    expect((await app.whoAmI({ key })).status).toBe(401);
  });

  it('end with their account', async () => {
    const { api_key: key } = await app.key(login);
    expect((await app.whoAmI({ key })).status).toBe(200);
    await app.users.deactivate(login.id);
    expect((await app.whoAmI({ key })).status).toBe(401);
  });

  it('made elsewhere and revoked elsewhere are refused within 30 s', async () => {
    const { id, api_key: key } = await app.key(login);
    expect((await app.whoAmI({ key })).status).toBe(200);
    await database.dataSource.manager.update(ApiKey, { id }, { revokedAt: app.clock.now() });
    app.clock.advance(30_000);
    expect((await app.whoAmI({ key })).status).toBe(401);
  });

  describe('rotation', () => {
    const rotate = (id: string, body?: object) =>
      app.call('POST', `auth/apikey/${id}/rotate`, { token: login.access, body });

    it('without grace ends the old key', async () => {
      const old = await app.key(login, { scopes: ['gpu:read'] });
      await app.whoAmI({ key: old.api_key });
      const { status, body } = await rotate(old.id);
      expect(status).toBe(201);
      expect(body).toMatchObject({ name: 'k', scopes: ['gpu:read'] });
      expect((await app.whoAmI({ key: old.api_key })).status).toBe(401);
      expect((await app.whoAmI({ key: body.api_key })).status).toBe(200);
    });

    it('with grace leaves it for as many hours', async () => {
      const old = await app.key(login);
      expect((await rotate(old.id, { grace_hours: 2 })).status).toBe(201);
      app.clock.advance(2 * HOUR_MS - 1);
      expect((await app.whoAmI({ key: old.api_key })).status).toBe(200);
      app.clock.advance(1);
      expect((await app.whoAmI({ key: old.api_key })).status).toBe(401);
    });

    it('gives one successor to 10 simultaneous rotations', async () => {
      const old = await app.key(login);
      const answers = await Promise.all(Array.from({ length: 10 }, () => rotate(old.id, { grace_hours: 1 })));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    });

    it.each([{ grace_hours: -1 }, { grace_hours: 73 }, { grace_hours: 1.5 }, { hours: 1 }])(
      'is refused with %j',
      async (body) => {
        const old = await app.key(login);
        expect((await rotate(old.id, body)).status).toBe(422);
        expect((await app.whoAmI({ key: old.api_key })).status).toBe(200);
      },
    );

    it('by a key cannot win scopes', async () => {
      const wide = await app.key(login);
      const manager = await app.key(login, { scopes: ['keys:manage'] });
      const answer = await app.call('POST', `auth/apikey/${wide.id}/rotate`, { key: manager.api_key });
      expect([answer.status, answer.body.code]).toEqual([403, 'scope_not_allowed']);
    });
  });

  it('note their last use to the minute', async () => {
    const { id, api_key: key } = await app.key(login);
    const recorder = app.app.get(LastUsedRecorder);
    const start = app.clock.now();
    await app.whoAmI({ key });
    app.clock.advance(59_000);
    await app.whoAmI({ key });
    await recorder.flush();
    expect((await rowOf(id)).lastUsedAt).toBe(start);
    app.clock.advance(1000);
    await app.whoAmI({ key });
    await recorder.flush();
    expect((await rowOf(id)).lastUsedAt).toBe(start + 60_000);
  });

  it('outlive their pepper thanks to bcrypt, and get an HMAC under the new one', async () => {
    const { id, api_key: key } = await app.key(login);
    const before = await rowOf(id);
    const other = await IdentityApp.start(
      database.config,
      { API_KEY_PEPPER: 'another-pepper-0f5d2c7b9a' },
      app.clock,
    );
    expect((await other.whoAmI({ key })).status).toBe(200);
    const after = await rowOf(id);
    expect(after.pepperVersion).not.toBe(before.pepperVersion);
    expect(after.keyHmac).not.toBe(before.keyHmac);
    expect((await other.whoAmI({ key })).status).toBe(200);
    await other.close();
  });

  it('made by an operator have the default scopes and work for a user who must change the password', async () => {
    const user = await app.users.createByOperator(`cli-${login.id}@example.com`, 'password123', 'Cli');
    const { text, key } = await app.app.get(ApiKeysService).createForUser(user.id, 'Production Key');
    expect(key.scopes).toEqual(DEFAULT_SCOPES);
    expect((await app.whoAmI({ key: text })).status).toBe(200);
  });
});

onEachDatabase('API keys in developer mode', { entities: [] }, (open) => {
  it('are test keys', async () => {
    const app = await IdentityApp.start((await open()).config, { PROVIDER_SANDBOX: 'true' });
    const login = await app.member('dev@example.com');
    expect((await app.key(login)).api_key).toMatch(/^gpx_test_/);
    await app.close();
  });
});
