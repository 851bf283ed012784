import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { UsageRecorder } from '../credits/usage/usage-recorder.js';
import type { ExchangeReport } from './exchange.js';
import type { TokenUsage } from './usage-tail.js';
import type { Visit } from './visit.js';

/** What a usage row holds beside the exchange's own report. */
export interface MeteredFacts {
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

  record(visit: Visit, report: ExchangeReport, facts: MeteredFacts): void {
    const { caller, durationMs } = visit;
    this.recorder.record({
      at: this.clock.now() - durationMs,
      requestId: visit.requestId,
      userId: caller.userId,
      keyId: caller.credential === 'api_key' ? caller.credentialId : null,
      ip: visit.ip,
      pool: facts.pool,
      instanceId: report.instanceId,
      protocol: facts.protocol,
      route: visit.match.route.template,
      status: report.status || CLIENT_CLOSED_REQUEST,
      durationMs,
      inputTokens: facts.usage?.inputTokens,
      outputTokens: facts.usage?.outputTokens,
      bytesIn: facts.bytesIn,
      bytesOut: report.bytesOut,
      costMicro: 0,
    });
  }
}
