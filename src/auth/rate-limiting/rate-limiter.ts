import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';

/** `limit` requests per `windowMs`, of which all may come at once. A limit of 0 means no limit. */
export interface RatePolicy {
  /** Names the policy to callers and keeps its counts apart from others'. */
  name: string;
  limit: number;
  windowMs: number;
}

export interface RateDecision {
  policy: RatePolicy;
  isAllowed: boolean;
  /** How many more would be allowed now. */
  remaining: number;
  /** How long to wait until one more is allowed; 0 while some remain. */
  retryAfterMs: number;
  /** Until the whole limit is there again. */
  resetMs: number;
  /** Epoch milliseconds of the decision. */
  now: number;
}

const MOST_KEYS = 100_000;

/**
 * Token buckets by GCRA: per key one number, the instant at which the bucket is full again. Over any span of time w
 * no more than `limit + limit × w / windowMs` are allowed.
 */
@Injectable()
export class RateLimiter {
  private readonly fullAt = new LRUCache<string, number>({ max: MOST_KEYS });

  constructor(private readonly clock: Clock) {}

  /** Counts one request of `key`, unless it is refused: refusals cost nothing. */
  take(policy: RatePolicy, key: string): RateDecision {
    const now = this.clock.now();
    if (policy.limit === 0) return unlimited(policy, now);
    const id = `${policy.name}:${key}`;
    const decision = decide(policy, this.fullAt.get(id), now, 1);
    if (decision.isAllowed) this.fullAt.set(id, now + decision.resetMs);
    return decision;
  }

  /** What `take` would say, without counting. */
  peek(policy: RatePolicy, key: string): RateDecision {
    const now = this.clock.now();
    if (policy.limit === 0) return unlimited(policy, now);
    return decide(policy, this.fullAt.get(`${policy.name}:${key}`), now, 0);
  }
}

/**
 * The rule itself, shared with counters that live elsewhere.
 * @param fullAt when the bucket is full again; undefined or past = now
 * @param cost 1 to take, 0 to look: then `isAllowed` says whether one could be taken
 */
export function decide(
  policy: RatePolicy,
  fullAt: number | undefined,
  now: number,
  cost: 0 | 1,
): RateDecision {
  const { limit, windowMs } = policy;
  const intervalMs = windowMs / limit;
  const backlogMs = backlog(fullAt, now, windowMs);
  // Sums of fractional intervals err in the last digits; a microsecond forgives that.
  const room = Math.floor((windowMs - backlogMs) / intervalMs + 1e-6);
  const isAllowed = room >= 1;
  const spent = isAllowed ? cost : 0;
  const afterMs = backlogMs + spent * intervalMs;
  const remaining = Math.max(0, room - spent);
  const retryAfterMs = remaining > 0 ? 0 : Math.max(0, afterMs + intervalMs - windowMs);
  return { policy, isAllowed, remaining, retryAfterMs, resetMs: afterMs, now };
}

/** A bucket cannot be further from full than its window; if it seems so, the clock was set back. */
function backlog(fullAt: number | undefined, now: number, windowMs: number): number {
  if (fullAt === undefined || fullAt <= now) return 0;
  return Math.min(fullAt - now, windowMs);
}

function unlimited(policy: RatePolicy, now: number): RateDecision {
  return { policy, isAllowed: true, remaining: Infinity, retryAfterMs: 0, resetMs: 0, now };
}
