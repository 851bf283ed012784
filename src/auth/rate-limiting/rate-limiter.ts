import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { RedisCommands } from '../../redis/redis-commands.js';
import { RedisUnavailable } from '../../redis/redis.errors.js';
import { MemoryRateStore, type Part } from './memory-rate.store.js';
import type { RateAsk, RateDecision, RatePolicy } from './rate-policy.js';
import { RateSharing } from './rate-sharing.js';
import { RedisRateStore } from './redis-rate.store.js';

export type { RatePolicy };

interface SharedRates {
  redis: RedisCommands;
  store: RedisRateStore;
  sharing: RateSharing;
}

/**
 * Rate limits of this process, shared with others through Redis where there is one. While Redis is away each process
 * goes on alone with its part of every limit; never without a limit, and never with 5xx.
 */
@Injectable()
export class RateLimiter {
  /** Decisions that had to do without Redis, for /metrics. */
  degradedCount = 0;
  private readonly local: MemoryRateStore;
  private readonly shared?: SharedRates;

  private aloneSince: number;

  constructor(clock: Clock, redis?: RedisCommands) {
    this.local = new MemoryRateStore(clock);
    this.aloneSince = clock.now();
    if (!redis?.isConfigured) return;
    redis.onLost(() => (this.aloneSince = clock.now()));
    const store = new RedisRateStore(redis, clock);
    this.shared = { redis, store, sharing: new RateSharing(redis, store, this.local) };
  }

  /**
   * Counts one request of `key`, unless it is refused: refusals cost nothing. Decides at once by what this process knows
   * and tells the others a moment later; for limits that may be a little unsharp.
   */
  take(policy: RatePolicy, key: string): RateDecision {
    const ask = { policy, key };
    const decision = this.local.take(ask, this.partOf(policy));
    if (decision.isAllowed && policy.limit > 0) this.shared?.sharing.note(ask);
    return decision;
  }

  /**
   * As `take`, and within a tenth of the limit for all processes together (see `RateSharing`): at once in all but the
   * rarest cases, namely when much was allowed that Redis is only just hearing of.
   */
  takeShared(policy: RatePolicy, key: string): RateDecision | Promise<RateDecision> {
    const sharing = this.shared?.sharing;
    if (!sharing?.isInDoubt({ policy, key }) || !this.peek(policy, key).isAllowed)
      return this.take(policy, key);
    return sharing.settle().then(() => this.takeShared(policy, key));
  }

  /** Counts one request under each policy, exactly for all processes, or under none when any of them refuses. */
  async takeExactly(asks: readonly RateAsk[]): Promise<RateDecision[]> {
    const decisions = await this.askRedis(asks);
    if (!decisions) return this.local.takeAll(asks, (policy) => this.partOf(policy));
    decisions.forEach(({ resetMs }, index) => this.local.adopt(asks[index], resetMs));
    return decisions;
  }

  /** What `take` would say, without counting. */
  peek(policy: RatePolicy, key: string): RateDecision {
    return this.local.peek({ policy, key }, this.partOf(policy));
  }

  private async askRedis(asks: readonly RateAsk[]): Promise<RateDecision[] | undefined> {
    if (!this.shared?.redis.isAvailable) return undefined;
    try {
      return await this.shared.store.takeAll(asks);
    } catch (error) {
      if (error instanceof RedisUnavailable) return undefined;
      throw error;
    }
  }

  private partOf({ isCautious }: RatePolicy): Part | undefined {
    if (!this.shared || this.shared.redis.isAvailable) return undefined;
    this.degradedCount += 1;
    const of = this.shared.redis.processCount * (isCautious ? 2 : 1);
    return of === 1 ? undefined : { of, since: this.aloneSince };
  }
}
