import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBlackHoleProxy, type BlackHoleProxy } from '../support/black-hole-proxy.js';
import { createPlace, RunningApp, type Member, type Place } from '../support/redis-apps.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';

interface Outage {
  name: string;
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

describe.each(['sql', 'balanced', 'redis'])('SESSION_MODE=%s', (mode) => {
  let server: RedisServer;
  let proxy: BlackHoleProxy;
  let place: Place;
  let app: RunningApp;
  let count = 0;

  beforeAll(async () => {
    server = await startRedis();
    proxy = await startBlackHoleProxy(server.port);
    place = await createPlace('sqlite');
    const redis = { ...server.env, REDIS_PORT: String(proxy.port), SESSION_MODE: mode };
    app = await RunningApp.start({ ...place.env, ...redis });
  });
  afterAll(async () => {
    await app.close();
    await proxy.close();
    await server.stop();
    await place.remove();
  });

  const newMember = (): Promise<Member> => app.member(`m${(count += 1)}@example.com`);
  /** What each way in answers now: token, key, login, refresh. */
  const ways = async ({ access, key, email, refresh }: Member): Promise<number[]> => {
    const answers = [
      await app.whoAmI(access),
      await app.whoAmI(key),
      await app.logIn(email),
      await app.refresh(refresh),
    ];
    for (const { status, headers } of answers) {
      expect([status, status === 503 ? headers.get('retry-after') : '1']).toEqual([status, '1']);
    }
    return answers.map(({ status }) => status);
  };
  const OPEN = [200, 200, 200, 200];
  const isRedisOnly = mode === 'redis';

  it('lets in by token, key, login and refresh, once each', async () => {
    const member = await newMember();
    expect(await ways(member)).toEqual(OPEN);
    expect(await app.health()).toBe('ok');
    expect((await app.call('POST', 'auth/logout', member.access, {})).status).toBe(200);
    expect((await app.whoAmI(member.access)).status).toBe(401);
  });

  const OUTAGES: Outage[] = [
    { name: 'falls silent', begin: async () => proxy.swallow(), end: async () => proxy.restore() },
    {
      name: 'takes seconds',
      begin: () => server.command('CLIENT', 'PAUSE', '3000', 'ALL'),
      end: async () => undefined,
    },
  ];

  it.each(OUTAGES)('while Redis $name', async ({ begin, end }) => {
    const member = await newMember();
    await begin();
    await app.untilRedisIs('lost');
    expect(await ways(member)).toEqual(isRedisOnly ? [503, 200, 503, 503] : OPEN);
    const { body } = await app.logIn(member.email);
    expect(body).toMatchObject(isRedisOnly ? { code: 'sessions_unavailable' } : { user: { id: member.id } });
    expect([await app.health(), (await fetch(`${app.url}/health/ready`)).status]).toEqual(['degraded', 200]);
    await end();
    await app.untilRedisIs('used');
    expect(await app.health()).toBe('ok');
    expect((await app.whoAmI(member.access)).status).toBe(200);
  });

  it('after a kill -9 that keeps nothing', async () => {
    const member = await newMember();
    await server.kill();
    await app.untilRedisIs('lost');
    expect(await ways(member)).toEqual(isRedisOnly ? [503, 200, 503, 503] : OPEN);
    await server.restart();
    await app.untilRedisIs('used');
    const [token, key, login] = await ways(member);
    expect([token, key, login]).toEqual([isRedisOnly ? 401 : 200, 200, 200]);
  });

  it('after FLUSHALL', async () => {
    const member = await newMember();
    await server.command('FLUSHALL');
    // This process has checked the token within the last 30 s.
    expect(await ways(member)).toEqual([200, 200, 200, isRedisOnly ? 401 : 200]);
  });

  it('keeps what was ended during an outage ended after it', async () => {
    const member = await newMember();
    await app.whoAmI(member.access);
    proxy.swallow();
    await app.untilRedisIs('lost');
    const logout = await app.call('POST', 'auth/logout', undefined, { refresh_token: member.refresh });
    expect(logout.status).toBe(isRedisOnly ? 503 : 200);
    proxy.restore();
    await app.untilRedisIs('used');
    expect((await app.whoAmI(member.access)).status).toBe(isRedisOnly ? 200 : 401);
  });
});

describe('SESSION_MODE', () => {
  const modeWarnings = async (env: Record<string, string>, settings: string[] = []): Promise<string> => {
    const server = await startRedis(...settings);
    const place = await createPlace('sqlite');
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const redis = env.SESSION_MODE === 'redis' ? server.env : {};
    const app = await RunningApp.start({ ...place.env, ...redis, ...env });
    const said = JSON.stringify(warn.mock.calls);
    warn.mockRestore();
    await app.close();
    await place.remove();
    await server.stop();
    return said;
  };

  it('balanced without Redis is sql, with a warning', async () => {
    expect(await modeWarnings({ SESSION_MODE: 'balanced' })).toContain('running as sql');
  });

  it('redis warns of a Redis that forgets at its restart, and of no other', async () => {
    expect(await modeWarnings({ SESSION_MODE: 'redis' })).toContain('appendonly');
    expect(await modeWarnings({ SESSION_MODE: 'redis' }, ['--appendonly', 'yes'])).not.toContain(
      'appendonly',
    );
  });
});
