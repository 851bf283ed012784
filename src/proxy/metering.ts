import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { UsageRecorder } from '../credits/usage/usage-recorder.js';
import type { ExchangeReport } from './exchange.js';
import type { TokenUsage } from './usage-tail.js';
import type { Visit } from './visit.js';

/** Everything about a finished request that becomes its usage row. */
export interface MeteredReport extends ExchangeReport {
  protocol: string;
  pool: string | undefined;
  bytesIn: number;
  usage: TokenUsage | undefined;
}

/** What usage rows say of a client that left before there was an answer (nginx's number for it). */
const CLIENT_CLOSED_REQUEST = 499;

/** Hands finished requests to the books, in memory. */
@Injectable()
export class Metering {
  constructor(
    private readonly recorder: UsageRecorder,
    private readonly clock: Clock,
  ) {}

  record(visit: Visit, report: MeteredReport): void {
    const { caller, durationMs } = visit;
    this.recorder.record({
      at: this.clock.now() - durationMs,
      requestId: visit.requestId,
      userId: caller.userId,
      keyId: caller.credential === 'api_key' ? caller.credentialId : null,
      ip: visit.ip,
      pool: report.pool,
      instanceId: report.instanceId,
      protocol: report.protocol,
      route: visit.match.route.template,
      status: report.status || CLIENT_CLOSED_REQUEST,
      durationMs,
      inputTokens: report.usage?.inputTokens,
      outputTokens: report.usage?.outputTokens,
      bytesIn: report.bytesIn,
      bytesOut: report.bytesOut,
      costMicro: 0,
    });
  }
}
