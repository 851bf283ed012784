import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ClientAddress, limitKeyOf } from '../client-address.js';
import { rateLimited, rateLimitHeaders } from './rate-limit-headers.js';
import { RateLimiter } from './rate-limiter.js';
import { RatePolicies } from './rate-policies.js';
import type { RateDecision } from './rate-policy.js';

/**
 * Counts requests of the API by address, before anything else is done with them, and puts the rate-limit headers on every
 * answer, also on those that no guard gets to see; the guard writes the caller's own over them. Probes and documents are
 * not counted.
 */
@Injectable()
export class RateLimitHook implements OnModuleInit {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly addresses: ClientAddress,
    private readonly limiter: RateLimiter,
    private readonly policies: RatePolicies,
  ) {}

  /** The command line has the same modules and no server. */
  onModuleInit(): void {
    const adapter = this.adapterHost.httpAdapter as typeof this.adapterHost.httpAdapter | undefined;
    if (adapter?.getType() !== 'fastify') return;
    adapter.getInstance<FastifyInstance>().addHook('onRequest', (request, reply, done) => {
      const decision = this.decide(request);
      reply.headers(rateLimitHeaders(decision));
      if (decision.isAllowed) done();
      else done(rateLimited(decision));
    });
  }

  private decide({ url, raw }: FastifyRequest): RateDecision {
    const key = limitKeyOf(this.addresses.of(raw));
    const { address } = this.policies;
    return url.startsWith('/api/') ? this.limiter.take(address, key) : this.limiter.peek(address, key);
  }
}
