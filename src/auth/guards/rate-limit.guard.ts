import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { rateLimited, rateLimitHeaders } from '../rate-limiting/rate-limit-headers.js';
import { RateLimiter } from '../rate-limiting/rate-limiter.js';
import { RatePolicies } from '../rate-limiting/rate-policies.js';
import type { GuardedRequest } from '../request-device.js';
import { isHttp } from './route-access.js';

/** Second of the global guards: counts the request of a known caller, also one that will be refused. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly policies: RatePolicies,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!isHttp(context)) return true;
    const { caller, method, routeOptions } = context.switchToHttp().getRequest<GuardedRequest>();
    if (!caller) return true;
    const policies = this.policies.ofRoute(method, routeOptions.url);
    const asks = policies.map((policy) => ({ policy, key: caller.userId }));
    const ofKey = this.policies.ofKey(caller);
    const decisions = await this.limiter.takeExactly(ofKey ? [...asks, ofKey] : asks);
    context
      .switchToHttp()
      .getResponse<FastifyReply>()
      .headers(rateLimitHeaders(...decisions));
    if (decisions.some(({ isAllowed }) => !isAllowed)) throw rateLimited(...decisions);
    return true;
  }
}
