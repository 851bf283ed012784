import { MemoryRateStore } from '../../src/auth/rate-limiting/memory-rate.store.js';
import type { RateStore } from '../../src/auth/rate-limiting/rate-store.js';
import { RedisRateStore } from '../../src/auth/rate-limiting/redis-rate.store.js';
import { ManualClock, SystemClock } from '../../src/common/clock.js';
import { openRedisCommands, redisTestConfig } from './redis-commands.js';
import { startRedis } from './redis-server.js';

export interface OpenRateStore {
  store: RateStore;
  /** Moves time for the named buckets. */
  advance(ms: number, buckets: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export const RATE_STORES: readonly { name: string; open(): Promise<OpenRateStore> }[] = [
  { name: 'MemoryRateStore', open: openMemoryStore },
  { name: 'RedisRateStore', open: openRedisStore },
];

async function openMemoryStore(): Promise<OpenRateStore> {
  const clock = new ManualClock();
  return {
    store: new MemoryRateStore(clock),
    advance: async (ms) => clock.advance(ms),
    close: async () => undefined,
  };
}

/** Redis's clock cannot be moved, but what a bucket remembers can. */
async function openRedisStore(): Promise<OpenRateStore> {
  const server = await startRedis();
  const commands = await openRedisCommands(redisTestConfig(server));
  const advance = async (ms: number, buckets: readonly string[]): Promise<void> => {
    for (const key of buckets.map((bucket) => `rate:${bucket}`)) {
      const fullAt = await commands.run((redis) => redis.get(key));
      if (fullAt !== null) await commands.run((redis) => redis.set(key, Number(fullAt) - ms, 'KEEPTTL'));
    }
  };
  const close = async (): Promise<void> => {
    await commands.onApplicationShutdown();
    await server.stop();
  };
  return { store: new RedisRateStore(commands, new SystemClock()), advance, close };
}
