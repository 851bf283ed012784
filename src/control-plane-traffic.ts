import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Lifecycle } from './common/lifecycle.js';
import { AppConfig } from './config/config.js';
import { InFlight } from './proxy/in-flight.js';
import { overloaded } from './proxy/proxy.errors.js';

/** Supervisors ask these whatever goes on. */
const PROBES = '/health';

/** Requests that the framework serves: counted for the drain, and refused beyond what a process can carry. */
@Injectable()
export class ControlPlaneTraffic implements OnModuleInit {
  private readonly underWay = new InFlight();

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly config: AppConfig,
    private readonly lifecycle: Lifecycle,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onRequest', (request, reply, done) => {
      this.enter(reply);
      done(this.isTooMuch(request) ? overloaded() : undefined);
    });
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    return this.underWay.whenIdle();
  }

  private enter(reply: FastifyReply): void {
    this.underWay.enter();
    reply.raw.once('close', () => this.underWay.leave());
    if (this.lifecycle.isDraining) void reply.header('connection', 'close');
  }

  private isTooMuch({ url }: FastifyRequest): boolean {
    return this.underWay.active > this.config.server.maxConcurrentRequests && !url.startsWith(PROBES);
  }
}
