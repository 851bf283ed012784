import { DomainError } from '../../common/domain-error.js';
import type { RateDecision } from './rate-limiter.js';

/**
 * The IETF draft's pair (draft-ietf-httpapi-ratelimit-headers-10) and the older X- three; `X-RateLimit-Reset` is in epoch
 * seconds. Nothing when the policy sets no limit.
 */
export function rateLimitHeaders(decision: RateDecision): Record<string, string> {
  const { policy, remaining, now } = decision;
  if (policy.limit === 0) return {};
  const resetMs = remaining > 0 ? decision.resetMs : decision.retryAfterMs;
  const resetSeconds = Math.ceil(resetMs / 1000);
  return {
    'RateLimit-Policy': `"${policy.name}";q=${policy.limit};w=${Math.ceil(policy.windowMs / 1000)}`,
    RateLimit: `"${policy.name}";r=${remaining};t=${resetSeconds}`,
    'X-RateLimit-Limit': String(policy.limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(Math.ceil((now + resetMs) / 1000)),
  };
}

/** 429 `rate_limited` with Retry-After of at least one second. */
export function rateLimited(decision: RateDecision): DomainError {
  const { name, limit, windowMs } = decision.policy;
  const detail = `More than ${limit} requests in ${windowMs / 1000} s. Wait as Retry-After says.`;
  return new DomainError('rate_limited', 429, detail, {
    headers: { ...rateLimitHeaders(decision), 'Retry-After': retryAfterSeconds(decision.retryAfterMs) },
    data: { violated_policies: [name] },
  });
}

/** Whole seconds, at least one, never too early. */
export function retryAfterSeconds(waitMs: number): string {
  return String(Math.max(1, Math.ceil(waitMs / 1000)));
}
