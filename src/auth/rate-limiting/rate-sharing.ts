import type { RedisCommands } from '../../redis/redis-commands.js';
import { RedisUnavailable } from '../../redis/redis.errors.js';
import { OVERDRAFT } from './gcra.js';
import type { MemoryRateStore } from './memory-rate.store.js';
import { bucketOf, intervalMs, type RateAsk, type RatePolicy } from './rate-policy.js';
import type { RateCount, RedisRateStore } from './redis-rate.store.js';

/** How often what was allowed is told. */
const TELL_EVERY_MS = 20;
const MOST_AT_ONCE = 200;

type Counts = Map<string, RateCount>;

/**
 * Tells Redis, a moment later and many at once, what this process has allowed by its own view of shared buckets, and makes
 * the view what all processes have used. A process whose view is old may allow too much, so that only a tenth of the limit,
 * divided among the processes, is allowed before it must have been told (at least one request each). What was too much
 * stays counted and is waited for. So n processes allow at most `limit × 1.1` at once, or `limit + n` where that is more.
 */
export class RateSharing {
  private pending: Counts = new Map();
  private sending: Counts = new Map();
  private flight?: Promise<void>;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly redis: RedisCommands,
    private readonly store: RedisRateStore,
    private readonly view: MemoryRateStore,
  ) {}

  /** Whether one more would be too much before Redis has been told: `settle` first. */
  isInDoubt(ask: RateAsk): boolean {
    return this.redis.isAvailable && this.untold(ask) >= this.allowance(ask.policy);
  }

  /** Counts a request that was allowed. */
  note(ask: RateAsk): void {
    if (!this.redis.isAvailable) return;
    const bucket = bucketOf(ask);
    const known = this.pending.get(bucket);
    if (known) known.count += 1;
    else this.pending.set(bucket, { ...ask, count: 1 });
    const isUrgent = this.untold(ask) * 2 >= this.allowance(ask.policy);
    if (isUrgent) void this.settle();
    else this.tellSoon();
  }

  /** Resolves when Redis was told something more, or cannot be. */
  settle(): Promise<void> {
    this.flight ??= this.tell().finally(() => {
      this.flight = undefined;
      if (this.pending.size > 0) this.tellSoon();
    });
    return this.flight;
  }

  private tellSoon(): void {
    this.timer ??= setTimeout(() => void this.settle(), TELL_EVERY_MS).unref();
  }

  private async tell(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending = this.pending;
    this.pending = new Map();
    const counts = [...this.sending.values()];
    try {
      for (let first = 0; first < counts.length; first += MOST_AT_ONCE) {
        await this.tellSome(counts.slice(first, first + MOST_AT_ONCE));
      }
    } catch (error) {
      // Perhaps they were counted, perhaps not. Until Redis is back the view decides, and it knows them.
      if (!(error instanceof RedisUnavailable)) throw error;
    } finally {
      this.sending = new Map();
    }
  }

  private async tellSome(counts: readonly RateCount[]): Promise<void> {
    const backlogs = await this.store.add(counts);
    counts.forEach((count, index) => {
      const since = this.pending.get(bucketOf(count))?.count ?? 0;
      this.view.adopt(count, backlogs[index] + since * intervalMs(count.policy));
    });
  }

  private untold(ask: RateAsk): number {
    const bucket = bucketOf(ask);
    return (this.pending.get(bucket)?.count ?? 0) + (this.sending.get(bucket)?.count ?? 0);
  }

  private allowance({ limit }: RatePolicy): number {
    const { processCount } = this.redis;
    return processCount === 1 ? Infinity : Math.max(1, Math.floor((limit * OVERDRAFT) / processCount));
  }
}
