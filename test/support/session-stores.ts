import type { UnitOfWork } from '../../src/database/unit-of-work.js';
import type { RedisCommands } from '../../src/redis/redis-commands.js';
import type { SessionStore } from '../../src/sessions/session-store.js';
import { BalancedStore } from '../../src/sessions/stores/balanced.store.js';
import type { SESSION_STORE_CLASSES } from '../../src/sessions/stores/index.js';
import { RedisStore } from '../../src/sessions/stores/redis.store.js';
import { SessionCache } from '../../src/sessions/stores/session-cache.js';
import { SqlStore } from '../../src/sessions/stores/sql.store.js';
import { openRedisCommands, redisTestConfig } from './redis-commands.js';
import { startRedis, type RedisServer } from './redis-server.js';

export interface OpenSessionStore {
  store: SessionStore;
  close(): Promise<void>;
}

/** A store of the class as one process has it, with a Redis of its own where it needs one. */
export async function openSessionStore(
  StoreClass: (typeof SESSION_STORE_CLASSES)[number],
  unitOfWork: UnitOfWork,
): Promise<OpenSessionStore> {
  if (StoreClass === SqlStore) {
    return { store: new SqlStore(unitOfWork), close: () => Promise.resolve() };
  }
  const server = await startRedis();
  const opened =
    StoreClass === RedisStore ? await openRedisStore(server) : await openBalancedStore(server, unitOfWork);
  const close = async (): Promise<void> => {
    await opened.commands.onApplicationShutdown();
    await server.stop();
  };
  return { store: opened.store, close };
}

export interface StoreOnRedis<T extends SessionStore> {
  store: T;
  commands: RedisCommands;
}

export async function openRedisStore(server: RedisServer): Promise<StoreOnRedis<RedisStore>> {
  const config = redisTestConfig(server, { SESSION_MODE: 'redis' });
  let store: RedisStore | undefined;
  const commands = await openRedisCommands(config, (redis) => (store = new RedisStore(redis, config)));
  return { store: store as RedisStore, commands };
}

export async function openBalancedStore(
  server: RedisServer,
  unitOfWork: UnitOfWork,
): Promise<StoreOnRedis<BalancedStore>> {
  const config = redisTestConfig(server);
  let cache: SessionCache | undefined;
  const commands = await openRedisCommands(config, (redis) => (cache = new SessionCache(redis, config)));
  return { store: new BalancedStore(new SqlStore(unitOfWork), cache as SessionCache), commands };
}
