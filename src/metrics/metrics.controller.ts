import { timingSafeEqual, createHash } from 'node:crypto';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/caller.js';
import { Metrics } from '../common/metrics/metrics.js';
import { AppConfig } from '../config/config.js';
import { metricsClosed, metricsTokenRequired } from './metrics.errors.js';

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly config: AppConfig,
  ) {}

  /** Numbers of this process, in Prometheus' text form. The token in METRICS_TOKEN is the credential. */
  @Get()
  @Public()
  @ApiProduces('text/plain')
  async show(
    @Headers('authorization') authorization: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { token } = this.config.metrics;
    if (token === undefined) throw metricsClosed();
    if (!isSame(authorization ?? '', `Bearer ${token}`)) throw metricsTokenRequired();
    await reply.header('content-type', this.metrics.contentType).send(await this.metrics.text());
  }
}

/** In a time that does not tell where they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
