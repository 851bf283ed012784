import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import { decide } from './gcra.js';
import { bucketOf, type RateAsk, type RateDecision, type RatePolicy } from './rate-policy.js';
import type { RateStore } from './rate-store.js';

const MOST_BUCKETS = 100_000;

/** Buckets of this process, or its view of buckets that several share. */
export class MemoryRateStore implements RateStore {
  private readonly fullAt = new LRUCache<string, number>({ max: MOST_BUCKETS });

  constructor(private readonly clock: Clock) {}

  /** @param partsOf into how many equal parts a policy's limit is divided, of which one is ours */
  takeAll(asks: readonly RateAsk[], partsOf: (policy: RatePolicy) => number = () => 1): RateDecision[] {
    const taken = asks.map((ask) => this.decide(ask, 1, partsOf(ask.policy)));
    const isAllowed = taken.every((decision) => decision.isAllowed);
    const decisions = isAllowed ? taken : asks.map((ask) => this.decide(ask, 0, partsOf(ask.policy)));
    decisions.forEach((decision, index) => this.keep(asks[index], decision));
    return decisions;
  }

  /** As `takeAll` for one, without the arrays. */
  take(ask: RateAsk, parts = 1): RateDecision {
    const decision = this.decide(ask, 1, parts);
    this.keep(ask, decision);
    return decision;
  }

  /** What `take` would say, without counting. */
  peek(ask: RateAsk, parts = 1): RateDecision {
    return this.decide(ask, 0, parts);
  }

  /** Makes the view what the shared bucket is. */
  adopt(ask: RateAsk, backlogMs: number): void {
    this.fullAt.set(bucketOf(ask), this.clock.now() + backlogMs);
  }

  private decide(ask: RateAsk, cost: 0 | 1, parts: number): RateDecision {
    const { policy } = ask;
    const part = parts === 1 ? policy : { ...policy, limit: partOf(policy.limit, parts) };
    const decision = decide(part, this.fullAt.get(bucketOf(ask)), this.clock.now(), cost);
    return parts === 1 ? decision : { ...decision, policy };
  }

  /** Also after a refusal: a backlog that a clock set back made too long begins to drain. */
  private keep(ask: RateAsk, { resetMs, now }: RateDecision): void {
    if (ask.policy.limit > 0) this.fullAt.set(bucketOf(ask), now + resetMs);
  }
}

function partOf(limit: number, parts: number): number {
  return limit === 0 ? 0 : Math.max(1, Math.floor(limit / parts));
}
