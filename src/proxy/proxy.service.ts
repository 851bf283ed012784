import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import type { Admission } from '../credits/requests/admission.js';
import type { AnswerSink, TokenListener } from './answer-sink.js';
import type { Destination } from './destination.js';
import { Exchange, type Dispatchable, type ExchangeReport } from './exchange.js';
import { ProxyGauges } from './gauges.js';
import { Metering, type MeteredFacts } from './metering.js';
import { PassingBody } from './request-body.js';
import { RetryBudget } from './retry-budget.js';
import { UpstreamClient } from './upstream.client.js';
import type { TokenUsage } from './usage-tail.js';
import type { Visit } from './visit.js';

/** Where an answer goes, and what it turned out to have used. */
export interface MeteredSink extends AnswerSink {
  follow(exchange: Exchange): void;
  /** Asks to be told of the tokens of a stream as they pass. */
  count?(tell: TokenListener): void;
  /** What it has cost, before its last word; undefined when that is not known yet. */
  charged?(costMicro: number | undefined): void;
  readonly usage: TokenUsage | undefined;
}

/** A request as a route's handler has prepared it; time-outs and tenant are the service's business. */
export type ProxyRequest = Pick<Dispatchable, 'method' | 'path' | 'headers' | 'body' | 'timeLimitMs'> & {
  protocol: string;
  /** Between two bytes of the answer; 0 = none. Default PROXY_IDLE_TIMEOUT. */
  idleTimeoutMs?: number;
};

/** The story of a proxied request: send it, then release, charge and count, however it ended. */
@Injectable()
export class ProxyService {
  private readonly logger = new Logger(ProxyService.name);

  constructor(
    private readonly config: AppConfig,
    private readonly upstream: UpstreamClient,
    private readonly budget: RetryBudget,
    private readonly metering: Metering,
    private readonly gauges: ProxyGauges,
  ) {}

  /** @throws DomainError when there is nothing to send to; everything later goes to the sink */
  run(visit: Visit, destination: Destination, request: ProxyRequest, sink: MeteredSink): void {
    const body = Buffer.isBuffer(request.body) ? request.body : undefined;
    const admission = this.metering.admit(visit, body, request.timeLimitMs);
    if (admission instanceof Promise) void this.runLater(visit, destination, request, sink, admission);
    else this.send(visit, destination, request, sink, admission);
  }

  /** The caller's block of credits is empty: the database is asked for another, or says why there is none. */
  private async runLater(
    visit: Visit,
    destination: Destination,
    request: ProxyRequest,
    sink: MeteredSink,
    admitting: Promise<Admission>,
  ): Promise<void> {
    try {
      this.send(visit, destination, request, sink, await admitting);
    } catch (error) {
      visit.refuse(error);
    }
  }

  private send(
    visit: Visit,
    destination: Destination,
    request: ProxyRequest,
    sink: MeteredSink,
    admission: Admission,
  ): void {
    const { firstByteTimeoutMs } = this.config.proxy;
    const { idleTimeoutMs = this.config.proxy.idleTimeoutMs } = request;
    const { method, path, headers, body, timeLimitMs, protocol } = request;
    const tenant = visit.caller.userId;
    const exchange = new Exchange(
      { tenant, method, path, headers, body, firstByteTimeoutMs, idleTimeoutMs, timeLimitMs },
      destination,
      sink,
      this.upstream,
      this.budget,
      (report) => {
        const facts = { protocol, pool: destination.poolName, bytesIn: sizeOf(body), usage: sink.usage };
        const costMicro = this.account(visit, report, facts, admission);
        sink.charged?.(costMicro);
      },
    );
    admission.onExhausted((error) => exchange.giveUp(error));
    sink.follow(exchange);
    const tell = this.metering.follow(admission, () => exchange.hasBegun);
    if (tell) sink.count?.(tell);
    this.start(exchange, admission);
  }

  /** What finds nobody to send it to has cost nothing. */
  private start(exchange: Exchange, admission: Admission): void {
    try {
      exchange.start();
    } catch (error) {
      this.metering.release(admission);
      throw error;
    }
  }

  /**
   * For handlers that send by themselves: their request is paid for like any other. Whatever happens, hand the admission
   * to `account`, or `release` it; a release after that does nothing.
   * @param hasBegun whether the caller has got something; default: the head of an answer
   * @throws (rejects) 402 and 403, as Metering.admit
   */
  async admit(
    visit: Visit,
    timeLimitMs: number | undefined,
    hasBegun = (): boolean => visit.response.headersSent,
  ): Promise<Admission> {
    const admission = await this.metering.admit(visit, undefined, timeLimitMs);
    this.metering.follow(admission, hasBegun);
    return admission;
  }

  release(admission: Admission): void {
    this.metering.release(admission);
  }

  /** @returns to be called when the tunnel has ended */
  tunnelOpened(visit: Visit): () => void {
    return this.metering.openSocket(visit);
  }

  /** Counts and books what has ended; its lease is released already. Returns what it has cost, as Metering.record. */
  account(
    visit: Visit,
    report: ExchangeReport,
    facts: MeteredFacts,
    admission?: Admission,
  ): number | undefined {
    this.gauges.count(report, facts.bytesIn);
    if (report.error && report.error.status >= 500) this.logFailure(visit, report, report.error);
    return this.metering.record(visit, report, facts, admission);
  }

  private logFailure(
    visit: Visit,
    report: ExchangeReport,
    { code, cause }: { code: string; cause?: unknown },
  ): void {
    this.logger.warn({
      msg: 'upstream failed',
      request_id: visit.requestId,
      instance_id: report.instanceId,
      attempts: report.attempts,
      code,
      cause: cause instanceof Error ? cause.message : undefined,
    });
  }
}

function sizeOf(body: Dispatchable['body']): number {
  if (body instanceof PassingBody) return body.byteCount;
  return Buffer.isBuffer(body) ? body.length : 0;
}
