import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ClientAddress, limitKeyOf } from '../client-address.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { RateLimiter } from './rate-limiter.js';
import { RatePolicies } from './rate-policies.js';

/**
 * Puts the rate-limit headers on answers that no guard gets to see (unreadable bodies, unknown addresses) and on those to
 * unknown callers; the guard writes the caller's own over them. Looks, counts nothing.
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
      const key = limitKeyOf(this.addresses.of(request.raw));
      reply.headers(rateLimitHeaders(this.limiter.peek(this.policies.control, key)));
      done();
    });
  }
}
