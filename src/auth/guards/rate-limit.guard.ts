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

  canActivate(context: ExecutionContext): boolean {
    if (!isHttp(context)) return true;
    const { caller } = context.switchToHttp().getRequest<GuardedRequest>();
    if (!caller) return true;
    const decision = this.limiter.take(this.policies.control, caller.userId);
    context.switchToHttp().getResponse<FastifyReply>().headers(rateLimitHeaders(decision));
    if (!decision.isAllowed) throw rateLimited(decision);
    return true;
  }
}
