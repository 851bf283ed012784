import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import { decide, OVERDRAFT } from './gcra.js';
import { bucketOf, intervalMs, type RateAsk, type RateDecision, type RatePolicy } from './rate-policy.js';
import type { RateStore } from './rate-store.js';

const MOST_BUCKETS = 100_000;

/** What a process may take of a limit while it cannot ask what the others take. */
export interface Part {
  /** Into how many equal parts the limit is divided, of which one is ours. */
  of: number;
  /** Since when it cannot ask, epoch milliseconds. */
  since: number;
}

export type PartOf = (policy: RatePolicy) => Part | undefined;

const WHOLE: PartOf = () => undefined;

/**
 * Buckets of this process, or its view of buckets that several share. A part of a shared bucket begins nearly empty and
 * fills from then on: the others may just have used up the whole.
 */
export class MemoryRateStore implements RateStore {
  private readonly fullAt = new LRUCache<string, number>({ max: MOST_BUCKETS });

  constructor(private readonly clock: Clock) {}

  takeAll(asks: readonly RateAsk[], partOf: PartOf = WHOLE): RateDecision[] {
    const decideAll = (cost: 0 | 1): RateDecision[] =>
      asks.map((ask) => this.decide(ask, cost, partOf(ask.policy)));
    const taken = decideAll(1);
    const decisions = taken.every(({ isAllowed }) => isAllowed) ? taken : decideAll(0);
    decisions.forEach((decision, index) => this.keep(asks[index], decision));
    return decisions;
  }

  /** As `takeAll` for one, without the arrays. */
  take(ask: RateAsk, part?: Part): RateDecision {
    const decision = this.decide(ask, 1, part);
    this.keep(ask, decision);
    return decision;
  }

  /** What `take` would say, without counting. */
  peek(ask: RateAsk, part?: Part): RateDecision {
    return this.decide(ask, 0, part);
  }

  /** Makes the view what the shared bucket is. */
  adopt(ask: RateAsk, backlogMs: number): void {
    this.fullAt.set(bucketOf(ask), this.clock.now() + backlogMs);
  }

  private decide(ask: RateAsk, cost: 0 | 1, part?: Part): RateDecision {
    const { policy } = ask;
    const fullAt = this.fullAt.get(bucketOf(ask));
    const now = this.clock.now();
    if (!part || policy.limit === 0) return decide(policy, fullAt, now, cost);
    const own = { ...policy, limit: Math.max(1, Math.floor(policy.limit / part.of)) };
    const startMs = Math.max(OVERDRAFT * policy.windowMs, intervalMs(own));
    const ownFullAt = part.since + policy.windowMs - startMs;
    return { ...decide(own, Math.max(fullAt ?? 0, ownFullAt), now, cost), policy };
  }

  /** Also after a refusal: a backlog that a clock set back made too long begins to drain. */
  private keep(ask: RateAsk, { resetMs, now }: RateDecision): void {
    if (ask.policy.limit > 0) this.fullAt.set(bucketOf(ask), now + resetMs);
  }
}
