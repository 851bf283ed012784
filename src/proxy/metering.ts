import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { FREE_ADMISSION, type Admission } from '../credits/requests/admission.js';
import { RequestBudget } from '../credits/requests/request-budget.js';
import { RequestPricing } from '../credits/requests/request-pricing.js';
import { UsageRecorder, type UsageEvent } from '../credits/usage/usage-recorder.js';
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

/** Lets requests in as far as they can be paid, and hands finished ones to the books: all of it in memory. */
@Injectable()
export class Metering {
  private readonly logger = new Logger(Metering.name);

  constructor(
    private readonly recorder: UsageRecorder,
    private readonly budget: RequestBudget,
    private readonly pricing: RequestPricing,
    private readonly clock: Clock,
  ) {}

  /**
   * Leave to send a request: at once when requests are free or the caller's block of credits has room.
   * @throws (rejects) 402 `insufficient_credits`, 403 `quota_exceeded` or `account_frozen`
   */
  admit(visit: Visit, bodyBytes: number): Admission | Promise<Admission> {
    return this.budget.admit(visit.caller.userId, this.pricing.worstCaseMicro(bodyBytes));
  }

  /** Nothing was sent. */
  release(admission: Admission): void {
    void this.budget.charge(admission, { isDelivered: false });
  }

  /** Charges what was delivered and writes the request down. */
  record(
    visit: Visit,
    report: ExchangeReport,
    facts: MeteredFacts,
    admission: Admission = FREE_ADMISSION,
  ): void {
    const row = this.rowOf(visit, report, facts);
    const charged = this.budget.charge(admission, { ...facts.usage, isDelivered: report.bytesOut > 0 });
    if (typeof charged === 'number') this.recorder.record({ ...row, costMicro: charged });
    else void this.recordLater(row, charged);
  }

  /** A charge that waits for the database; when that fails the request has been served for nothing. */
  private async recordLater(row: Omit<UsageEvent, 'costMicro'>, charged: Promise<number>): Promise<void> {
    const costMicro = await charged.catch((error: unknown) => {
      this.logger.error({ msg: 'request not charged', request_id: row.requestId, err: error });
      return 0;
    });
    this.recorder.record({ ...row, costMicro });
  }

  private rowOf(visit: Visit, report: ExchangeReport, facts: MeteredFacts): Omit<UsageEvent, 'costMicro'> {
    const { caller, durationMs } = visit;
    return {
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
    };
  }
}
