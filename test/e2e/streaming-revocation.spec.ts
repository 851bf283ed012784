import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LiveSessions } from '../../src/streaming/live-sessions.js';
import { UsersService } from '../../src/users/users.service.js';
import { createPlace, RunningApp, type Member, type Place } from '../support/redis-apps.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { STREAM_TRANSPORTS, type StreamClient } from '../support/stream-clients.js';

/** Nothing here happens by looking now and then: intervals never come. */
describe('open sockets in two processes on one Redis, when access ends', () => {
  let server: RedisServer;
  let place: Place;
  let apps: RunningApp[];
  let count = 0;

  beforeAll(async () => {
    server = await startRedis();
    place = await createPlace('postgres');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const env = { ...place.env, ...server.env, SESSION_MODE: 'balanced' };
    apps = [await RunningApp.start(env), await RunningApp.start(env)];
  });
  afterAll(async () => {
    for (const app of apps) await app.close();
    vi.useRealTimers();
    await server.stop();
    await place.remove();
  });

  type Credential = 'key' | 'access';
  const ENDS: [string, Credential, (member: Member) => Promise<unknown>][] = [
    [
      'revoking the key',
      'key',
      ({ access, keyId }) => apps[0].call('DELETE', `auth/apikey/${keyId}`, access),
    ],
    [
      'rotating the key',
      'key',
      ({ access, keyId }) => apps[0].call('POST', `auth/apikey/${keyId}/rotate`, access, {}),
    ],
    ['logging out', 'access', ({ access }) => apps[0].call('POST', 'auth/logout', access, {})],
    ['logging out everywhere', 'access', ({ access }) => apps[0].call('POST', 'auth/logout-all', access)],
    [
      'disabling the account',
      'key',
      ({ id }) => apps[0].app.get(UsersService, { strict: false }).deactivate(id),
    ],
  ];

  async function openAll(credential: string): Promise<StreamClient[]> {
    const opening = apps.flatMap(({ url }) => STREAM_TRANSPORTS.map(({ open }) => open(url, credential)));
    const clients = await Promise.all(opening);
    for (const client of clients) await client.expect(({ type }) => type === 'authenticated');
    return clients;
  }

  it.each(ENDS)('%s closes those that the %s has opened, and no others', async (_, credential, end) => {
    const member = await apps[0].member(`s${(count += 1)}@example.com`);
    const other = await apps[0].member(`o${count}@example.com`);
    const spared = await openAll(other.key);
    const clients = await openAll(member[credential]);
    await end(member);
    await expect
      .poll(() => clients.map((client) => client.isClosed()), { timeout: 3000 })
      .toEqual(clients.map(() => true));
    expect(clients.map((client) => client.closeCode())).toEqual(clients.map(() => 4401));
    for (const client of spared) {
      client.send({ type: 'ping', id: 'still here' });
      await client.expect(({ type }) => type === 'pong');
      client.close();
    }
    const live = apps.map(({ app }) => app.get(LiveSessions));
    await expect.poll(() => live.map((sessions) => sessions.count)).toEqual([0, 0]);
  });
});
