import { DomainError } from '../../common/domain-error.js';
import type { RateDecision } from './rate-policy.js';

/**
 * The IETF draft's pair (draft-ietf-httpapi-ratelimit-headers-10), one item a policy, and the older X- three about the
 * policy that will refuse first; `X-RateLimit-Reset` is in epoch seconds. Nothing when no policy sets a limit.
 */
export function rateLimitHeaders(...decisions: readonly RateDecision[]): Record<string, string> {
  const limited = decisions.filter(({ policy }) => policy.limit > 0);
  if (limited.length === 0) return {};
  const tightest = limited.reduce((first, other) => (other.remaining < first.remaining ? other : first));
  return {
    'RateLimit-Policy': limited.map(policyItem).join(', '),
    RateLimit: limited.map(stateItem).join(', '),
    'X-RateLimit-Limit': String(tightest.policy.limit),
    'X-RateLimit-Remaining': String(tightest.remaining),
    'X-RateLimit-Reset': String(Math.ceil((tightest.now + resetMsOf(tightest)) / 1000)),
  };
}

/** 429 `rate_limited` with Retry-After of at least one second. */
export function rateLimited(...decisions: readonly RateDecision[]): DomainError {
  const violated = decisions.filter(({ isAllowed }) => !isAllowed);
  const waitMs = Math.max(...violated.map(({ retryAfterMs }) => retryAfterMs));
  const limits = violated.map(({ policy }) => `${policy.limit} requests in ${policy.windowMs / 1000} s`);
  return new DomainError('rate_limited', 429, `More than ${limits.join(', ')}. Wait as Retry-After says.`, {
    headers: { ...rateLimitHeaders(...decisions), 'Retry-After': retryAfterSeconds(waitMs) },
    data: { violated_policies: violated.map(({ policy }) => policy.name) },
  });
}

/** Whole seconds, at least one, never too early. */
export function retryAfterSeconds(waitMs: number): string {
  return String(Math.max(1, Math.ceil(waitMs / 1000)));
}

function policyItem({ policy: { name, limit, windowMs } }: RateDecision): string {
  return `"${name}";q=${limit};w=${Math.ceil(windowMs / 1000)}`;
}

function stateItem(decision: RateDecision): string {
  return `"${decision.policy.name}";r=${decision.remaining};t=${Math.ceil(resetMsOf(decision) / 1000)}`;
}

function resetMsOf({ remaining, resetMs, retryAfterMs }: RateDecision): number {
  return remaining > 0 ? resetMs : retryAfterMs;
}
