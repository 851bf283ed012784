import type { Redis } from 'ioredis';
import { RedisScript } from './redis-script.js';

const KEY = 'processes';
/** A process that was not heard of for so long is gone. */
const SILENCE_MS = 5000;

const BEAT = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])`);

/** Says that a process lives; answers how many do. A write, so that a Redis that takes none shows itself. */
export async function beat(redis: Redis, processId: string): Promise<number> {
  return Number(await BEAT.run(redis, [KEY], [processId, SILENCE_MS]));
}

/** Says that a process is gone. */
export async function leave(redis: Redis, processId: string): Promise<void> {
  await redis.zrem(KEY, processId);
}
