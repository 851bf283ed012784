import { Injectable, Logger } from '@nestjs/common';
import type { Caller, KeyLimits } from '../common/caller.js';
import { Clock } from '../common/clock.js';
import { FREE_ADMISSION, type Admission } from '../credits/requests/admission.js';
import type { SpendLimit } from '../credits/requests/purse.js';
import { RequestBudget } from '../credits/requests/request-budget.js';
import { RequestPricing } from '../credits/requests/request-pricing.js';
import { UsageRecorder, type UsageEvent } from '../credits/usage/usage-recorder.js';
import type { TokenListener } from './answer-sink.js';
import type { ExchangeReport } from './exchange.js';
import { requestSizeOf } from './request-size.js';
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
const SWITCHING_PROTOCOLS = 101;
const CHECKPOINT_MS = 1000;

/** Lets requests in as far as they can be paid, and hands finished ones to the books: all of it in memory. */
@Injectable()
export class Metering {
  private readonly logger = new Logger(Metering.name);
  /** Clocks of requests whose time costs something. */
  private readonly timers = new WeakMap<Admission, NodeJS.Timeout>();

  constructor(
    private readonly recorder: UsageRecorder,
    private readonly budget: RequestBudget,
    private readonly pricing: RequestPricing,
    private readonly clock: Clock,
  ) {}

  /**
   * Leave to send a request: at once when requests are free or the caller's block of credits has room.
   * @param body when it is here in one piece
   * @throws (rejects) 402 `insufficient_credits` or `key_spend_limit_reached`, 403 `quota_exceeded` or `account_frozen`
   */
  admit(
    visit: Visit,
    body: Buffer | undefined,
    timeLimitMs: number | undefined,
  ): Admission | Promise<Admission> {
    const { isFree, isByToken } = this.pricing;
    const worstCaseMicro = isFree
      ? 0
      : this.pricing.worstCaseMicro(requestSizeOf(visit.request, body, { timeLimitMs, isByToken }));
    const { userId, limits } = visit.caller;
    return this.budget.admit(userId, worstCaseMicro, spendLimitOf(limits));
  }

  /**
   * From now on what is delivered is charged for, even if the process dies: noted in memory at once, in the database
   * within a second.
   * @param hasBegun whether a byte of the answer has come
   * @returns hears how many tokens have passed; undefined when they cost nothing
   */
  follow(admission: Admission, hasBegun: () => boolean): TokenListener | undefined {
    if (admission === FREE_ADMISSION) return undefined;
    let outputTokens = 0;
    const note = (): void => {
      if (hasBegun()) this.budget.progress(admission, { outputTokens });
    };
    if (this.pricing.isBySecond) this.timers.set(admission, setInterval(note, CHECKPOINT_MS).unref());
    if (!this.pricing.isByToken) return undefined;
    return (count) => {
      outputTokens = count;
      note();
    };
  }

  /**
   * A tunnel has been opened: a session of its own.
   * @returns to be called at its end
   */
  openSocket({ caller, ip }: Visit): () => void {
    return this.recorder.openSocket({ userId: caller.userId, keyId: keyIdOf(caller), ip });
  }

  /** Nothing was sent, or it has been recorded already. */
  release(admission: Admission): void {
    this.stopTimer(admission);
    void this.budget.charge(admission, { isDelivered: false });
  }

  /**
   * Charges what was delivered and writes the request down.
   * @returns micro-credits; undefined for the rare charge that waits for the database
   */
  record(
    visit: Visit,
    report: ExchangeReport,
    facts: MeteredFacts,
    admission: Admission = FREE_ADMISSION,
  ): number | undefined {
    this.stopTimer(admission);
    const row = this.rowOf(visit, report, facts);
    const charged = this.budget.charge(admission, { ...facts.usage, isDelivered: isDelivered(report) });
    if (typeof charged !== 'number') {
      void this.recordLater(row, charged);
      return undefined;
    }
    this.recorder.record({ ...row, costMicro: charged });
    return charged;
  }

  private stopTimer(admission: Admission): void {
    if (admission !== FREE_ADMISSION) clearInterval(this.timers.get(admission));
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
      keyId: keyIdOf(caller),
      ip: visit.ip,
      pool: facts.pool,
      instanceId: report.instanceId,
      isSocket: report.status === SWITCHING_PROTOCOLS,
      rentalId: report.rentalId,
      busyMs: report.busyMs,
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

function keyIdOf({ credential, credentialId }: Caller): string | null {
  return credential === 'api_key' ? credentialId : null;
}

/** An answer without a body is one too. */
function isDelivered({ bytesOut, outcome, status }: ExchangeReport): boolean {
  return bytesOut > 0 || (outcome === 'success' && status < 400);
}

function spendLimitOf(limits: KeyLimits | undefined): SpendLimit | undefined {
  return limits?.spendMicro === undefined ? undefined : { id: limits.id, limitMicro: limits.spendMicro };
}
