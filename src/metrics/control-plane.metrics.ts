import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { BucketHistogram } from '../common/metrics/bucket-histogram.js';
import { Metrics } from '../common/metrics/metrics.js';
import { Tally } from '../common/metrics/tally.js';

/** Requests of the control plane, by the pattern of their route. */
@Injectable()
export class ControlPlaneMetrics implements OnModuleInit {
  private readonly requests = new Tally(['method', 'route', 'status']);
  private readonly durations = new BucketHistogram();

  constructor(
    private readonly metrics: Metrics,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    this.metrics.add('api_requests_total', 'Requests of the control plane.', this.requests);
    this.metrics.add('api_request_duration_seconds', 'Until the answer was sent.', this.durations);
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'none';
      this.requests.add(request.method, route, String(reply.statusCode));
      this.durations.observe(reply.elapsedTime);
    });
  }
}
