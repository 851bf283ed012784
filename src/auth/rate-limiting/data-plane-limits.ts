import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { limitKeyOf } from '../client-address.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';
import { rateLimited } from './rate-limit-headers.js';
import { RateLimiter } from './rate-limiter.js';
import { RatePolicies } from './rate-policies.js';
import type { RateAsk, RateDecision } from './rate-policy.js';

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

  /**
   * Counts a request of the caller, and of its key when that has a limit of its own: under both or under none.
   * @throws DomainError (or rejects) 429 `rate_limited`
   */
  take(caller: Caller): readonly RateDecision[] | Promise<readonly RateDecision[]> {
    const ofKey = this.policies.ofKey(caller);
    if (ofKey) requireAllowed(this.limiter.peek(ofKey.policy, ofKey.key));
    const decision = this.limiter.takeShared(this.policies.proxy, caller.userId);
    if (decision instanceof Promise) return decision.then((made) => this.withKey(made, ofKey));
    return this.withKey(decision, ofKey);
  }

  /** See `ConcurrencyLimiter`. @throws DomainError 429 `too_many_concurrent_requests` */
  enter(caller: Caller): () => void {
    return this.concurrency.enter(caller);
  }

  private withKey(
    decision: RateDecision,
    ofKey: RateAsk | undefined,
  ): readonly RateDecision[] | Promise<readonly RateDecision[]> {
    requireAllowed(decision);
    if (!ofKey) return [decision];
    const own = this.limiter.takeShared(ofKey.policy, ofKey.key);
    if (own instanceof Promise) return own.then((made) => [decision, requireAllowed(made)]);
    return [decision, requireAllowed(own)];
  }
}

function requireAllowed(decision: RateDecision): RateDecision {
  if (!decision.isAllowed) throw rateLimited(decision);
  return decision;
}
