import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import type { RedisCommands } from '../../src/redis/redis-commands.js';
import { Session } from '../../src/sessions/session.entity.js';
import { BalancedStore } from '../../src/sessions/stores/balanced.store.js';
import { SessionCache } from '../../src/sessions/stores/session-cache.js';
import { SqlStore } from '../../src/sessions/stores/sql.store.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';
import { openRedisCommands, redisTestConfig } from '../support/redis-commands.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { eventually, quietLogs } from '../support/running-daemon.js';

const NOW = 1_791_504_000_000;
const DEVICE = { ip: '192.0.2.1', userAgent: 'curl/8' };

interface Process {
  commands: RedisCommands;
  cache: SessionCache;
  store: BalancedStore;
}

describe('balanced stores of two processes', () => {
  quietLogs();
  let server: RedisServer;
  let database: TestDatabase;
  let sql: SqlStore;
  let one: Process;
  let two: Process;

  beforeAll(async () => {
    server = await startRedis();
    database = await openTestDatabase('sqlite', { entities: [Session] });
    // Whose sessions they are does not matter here.
    await database.dataSource.query('PRAGMA foreign_keys = OFF');
    sql = new SqlStore(database.unitOfWork);
    one = await open();
    two = await open();
  });
  afterAll(async () => {
    for (const { commands } of [one, two]) await commands.onApplicationShutdown();
    await server.stop();
    await database.close();
  });

  const open = async (): Promise<Process> => {
    const config = redisTestConfig(server);
    let cache: SessionCache | undefined;
    const commands = await openRedisCommands(config, (redis) => (cache = new SessionCache(redis, config)));
    const copies = cache as SessionCache;
    return { commands, cache: copies, store: new BalancedStore(sql, copies) };
  };
  const create = async (): Promise<Session> => {
    const session: Session = {
      id: newId(),
      userId: newId(),
      accountEpoch: 0,
      tokenHash: newId(),
      previousTokenHash: null,
      rotatedAt: null,
      ...DEVICE,
      createdAt: NOW,
      lastSeenAt: NOW,
      idleExpiresAt: NOW + 1_000_000,
      expiresAt: NOW + 1_000_000,
      endedAt: null,
      endReason: null,
    };
    await one.store.create(session);
    return session;
  };
  const rotationOf = ({ id, tokenHash }: Session): Parameters<SqlStore['rotate']>[0] => ({
    sessionId: id,
    fromHash: tokenHash,
    toHash: newId(),
    device: DEVICE,
    now: NOW + 1,
    idleExpiresAt: NOW + 1_000_000,
  });
  const isCopied = async ({ id }: Session): Promise<boolean> => {
    const copy = await two.cache.read(id, () => Promise.resolve(undefined));
    return copy !== undefined;
  };

  it('read what the other wrote without the database, for 30 s at most', async () => {
    const session = await create();
    expect(await two.cache.read(session.id, () => Promise.reject(new Error('database down')))).toEqual(
      session,
    );
    const leftMs = Number(await server.command('PTTL', `gpuproxy:session-cache:${session.id}`));
    expect(leftMs).toBeGreaterThan(25_000);
    expect(leftMs).toBeLessThanOrEqual(30_000);
  });

  it('do not read a copy from before an exchange that the other has not told yet', async () => {
    const session = await create();
    await two.store.find(session.id);
    const rotation = rotationOf(session);
    await sql.rotate(rotation);
    expect(await two.store.rotate(rotationOf(session))).toBe(false);
    expect(await two.store.find(session.id)).toMatchObject({
      tokenHash: rotation.toHash,
      previousTokenHash: session.tokenHash,
    });
  });

  it('do not copy what they read before the other changed it', async () => {
    const session = await create();
    await server.command('DEL', `gpuproxy:session-cache:${session.id}`);
    const stale = await two.cache.read(session.id, async () => {
      const read = await sql.find(session.id);
      await one.store.end(session.id, 'logout', NOW);
      return read;
    });
    expect(stale?.endedAt).toBeNull();
    expect(await isCopied(session)).toBe(false);
    expect((await two.store.find(session.id))?.endedAt).toBe(NOW);
  });

  it('do not copy what they read before Redis was emptied, and copy again from then on', async () => {
    const session = await create();
    await server.command('FLUSHALL');
    await two.cache.read(session.id, async () => {
      await server.command('FLUSHALL');
      return session;
    });
    expect(await isCopied(session)).toBe(false);
    await two.store.find(session.id);
    expect(await isCopied(session)).toBe(true);
  });

  it('trust no copy from before an outage of one of them', async () => {
    const session = await create();
    expect(await isCopied(session)).toBe(true);
    await one.commands.run((redis) => redis.call('NO-SUCH-COMMAND')).catch(() => undefined);
    expect(one.commands.isAvailable).toBe(false);
    await one.store.end(session.id, 'logout', NOW);
    await eventually(async () => one.commands.isAvailable);
    expect((await two.store.find(session.id))?.endedAt).toBe(NOW);
  });
});
