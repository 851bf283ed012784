import { intervalMs, type RateDecision, type RatePolicy } from './rate-policy.js';

/** Sums of fractional intervals err in the last digits; a millionth of a request forgives that. */
export const TOLERANCE = 1e-6;
/**
 * By how much all processes together may exceed a limit because they do not know enough of each other: once while Redis
 * tells them (`RateSharing`), once more when it stops to (`MemoryRateStore`). Both together a fifth.
 */
export const OVERDRAFT = 0.1;
/** In windows. No bucket is overdrawn by more; if it seems so, a clock was set back. */
const MOST_BACKLOG = 1.25;

/**
 * Token buckets by GCRA: per bucket one number, the instant at which it is full again. Over any span of time w no more
 * than `limit + limit × w / windowMs` are allowed.
 * @param fullAt when the bucket is full again; undefined or past = now
 * @param cost 1 to take, 0 to look: then `isAllowed` says whether one could be taken
 */
export function decide(
  policy: RatePolicy,
  fullAt: number | undefined,
  now: number,
  cost: 0 | 1,
): RateDecision {
  if (policy.limit === 0) return unlimited(policy, now);
  const interval = intervalMs(policy);
  const backlogMs = backlog(fullAt, now, policy.windowMs);
  const room = Math.floor((policy.windowMs - backlogMs) / interval + TOLERANCE);
  const isAllowed = room >= 1;
  const spent = isAllowed ? cost : 0;
  const resetMs = backlogMs + spent * interval;
  const remaining = Math.max(0, room - spent);
  const retryAfterMs = remaining > 0 ? 0 : Math.max(0, resetMs + interval - policy.windowMs);
  return { policy, isAllowed, remaining, retryAfterMs, resetMs, now };
}

function backlog(fullAt: number | undefined, now: number, windowMs: number): number {
  if (fullAt === undefined || fullAt <= now) return 0;
  const backlogMs = fullAt - now;
  return backlogMs > windowMs * MOST_BACKLOG ? windowMs : backlogMs;
}

function unlimited(policy: RatePolicy, now: number): RateDecision {
  return { policy, isAllowed: true, remaining: Infinity, retryAfterMs: 0, resetMs: 0, now };
}
