import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { limitKeyOf } from '../client-address.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';
import { rateLimited } from './rate-limit-headers.js';
import { RateLimiter } from './rate-limiter.js';
import { RatePolicies } from './rate-policies.js';
import type { RateDecision } from './rate-policy.js';

/** The limits of everything that reaches a GPU. Nothing here waits for Redis but in the case that `takeShared` tells. */
@Injectable()
export class DataPlaneLimits {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly policies: RatePolicies,
    private readonly concurrency: ConcurrencyLimiter,
  ) {}

  /** Before it is known who calls. @throws DomainError 429 `rate_limited` */
  takeAddress(address: string): void {
    const decision = this.limiter.take(this.policies.proxyAddress, limitKeyOf(address));
    if (!decision.isAllowed) throw rateLimited(decision);
  }

  /** Counts a request of the caller. @throws DomainError (or rejects) 429 `rate_limited` */
  take({ userId }: Caller): RateDecision | Promise<RateDecision> {
    const decision = this.limiter.takeShared(this.policies.proxy, userId);
    return decision instanceof Promise ? decision.then(requireAllowed) : requireAllowed(decision);
  }

  /** See `ConcurrencyLimiter`. @throws DomainError 429 `too_many_concurrent_requests` */
  enter(caller: Caller): () => void {
    return this.concurrency.enter(caller);
  }
}

function requireAllowed(decision: RateDecision): RateDecision {
  if (!decision.isAllowed) throw rateLimited(decision);
  return decision;
}
