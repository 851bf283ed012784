import type { Clock } from '../../common/clock.js';
import type { RedisCommands } from '../../redis/redis-commands.js';
import { RedisScript } from '../../redis/redis-script.js';
import { decide, TOLERANCE } from './gcra.js';
import { bucketOf, intervalMs, type RateAsk, type RateDecision } from './rate-policy.js';
import type { RateStore } from './rate-store.js';

/** Requests that were allowed already, under one policy. */
export interface RateCount extends RateAsk {
  count: number;
}

/**
 * KEYS: buckets. ARGV: 1 = all or none, 0 = count in any case; then for each bucket its interval, window and count.
 * Answers the backlog of each in ms, as it was before. Time is Redis's own, so that no clock of a process matters.
 */
const COUNT = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local backlogs, isAllowed = {}, true
for i, key in ipairs(KEYS) do
  backlogs[i] = math.max(0, tonumber(redis.call('GET', key) or now) - now)
  local room = (tonumber(ARGV[3 * i]) - backlogs[i]) / tonumber(ARGV[3 * i - 1])
  if room + ${TOLERANCE} < tonumber(ARGV[3 * i + 1]) then isAllowed = false end
end
if isAllowed or ARGV[1] == '0' then
  for i, key in ipairs(KEYS) do
    local backlog = backlogs[i] + tonumber(ARGV[3 * i - 1]) * tonumber(ARGV[3 * i + 1])
    redis.call('SET', key, string.format('%.3f', now + backlog), 'PX', math.ceil(backlog) + 1)
  end
end
for i, backlog in ipairs(backlogs) do backlogs[i] = string.format('%.3f', backlog) end
return backlogs`);

/** Buckets in Redis, exact for all processes: one step of one round trip. Rejects with RedisUnavailable. */
export class RedisRateStore implements RateStore {
  constructor(
    private readonly redis: RedisCommands,
    private readonly clock: Clock,
  ) {}

  async takeAll(asks: readonly RateAsk[]): Promise<RateDecision[]> {
    const limited = asks.filter(({ policy }) => policy.limit > 0);
    const backlogs = await this.run(1, limited.map(takeOne));
    const now = this.clock.now();
    const looked = limited.map(({ policy }, index) => decide(policy, now + backlogs[index], now, 0));
    const isAllowed = looked.every((decision) => decision.isAllowed);
    const decisions = isAllowed
      ? limited.map(({ policy }, index) => decide(policy, now + backlogs[index], now, 1))
      : looked;
    return asks.map(({ policy }) =>
      policy.limit > 0 ? (decisions.shift() as RateDecision) : decide(policy, undefined, now, 1),
    );
  }

  /** Counts what was allowed elsewhere; answers the backlog of each bucket in ms then, which may exceed its window. */
  async add(counts: readonly RateCount[]): Promise<number[]> {
    const backlogs = await this.run(0, counts);
    return backlogs.map(
      (backlogMs, index) => backlogMs + counts[index].count * intervalMs(counts[index].policy),
    );
  }

  private async run(isConditional: 0 | 1, counts: readonly RateCount[]): Promise<number[]> {
    if (counts.length === 0) return [];
    const keys = counts.map((count) => `rate:${bucketOf(count)}`);
    const args = counts.flatMap(({ policy, count }) => [intervalMs(policy), policy.windowMs, count]);
    const answer = await this.redis.run((redis) => COUNT.run(redis, keys, [isConditional, ...args]));
    return (answer as string[]).map(Number);
  }
}

const takeOne = (ask: RateAsk): RateCount => ({ ...ask, count: 1 });
