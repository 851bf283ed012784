import type { Readable } from 'node:stream';
import type { DomainError } from '../common/domain-error.js';
import type { LeaseOutcome } from '../loadbalancer/lease.js';
import type { AnswerSink, Served } from './answer-sink.js';
import type { Destination, Route } from './destination.js';
import { timeLimitExceeded, upstreamProtocolError } from './proxy.errors.js';
import { visitedBy, type Visited } from './stay.js';
import { rawHeader } from './raw-headers.js';
import type { RetryBudget } from './retry-budget.js';
import type { UpstreamFailure } from './upstream-failure.js';
import type { UpstreamCall, UpstreamListener, UpstreamRequest } from './upstream-call.js';
import type { UpstreamClient } from './upstream.client.js';

/** A request that is ready to be sent. */
export interface Dispatchable extends UpstreamRequest {
  /** Total wall time; undefined = none. */
  timeLimitMs: number | undefined;
}

/** What became of an exchange, told once, however it ended. */
export interface ExchangeReport extends Visited {
  /** HTTP status of the answer; 0 when the client left before there was one. */
  status: number;
  instanceId: string | undefined;
  attempts: number;
  bytesOut: number;
  outcome: LeaseOutcome;
  error: DomainError | undefined;
}

const MOST_ATTEMPTS = 3;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const CLIENT_LEFT = 0;
const TOO_MANY_REQUESTS = 429;
const SERVICE_UNAVAILABLE = 503;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * One request and its answer: picks an instance, sends, tries another while that is harmless, and settles lease and
 * report on every way out.
 */
export class Exchange implements UpstreamListener {
  private tried: ReadonlySet<string> = NOBODY;
  private route: Route | undefined;
  private call: UpstreamCall | undefined;
  private timer: NodeJS.Timeout | undefined;
  private attempts = 0;
  private status = 0;
  private bytesOut = 0;
  private isSettled = false;

  constructor(
    private readonly request: Dispatchable,
    private readonly destination: Destination,
    private readonly sink: AnswerSink,
    private readonly upstream: UpstreamClient,
    private readonly budget: RetryBudget,
    private readonly report: (report: ExchangeReport) => void,
  ) {}

  /** @throws DomainError when there is no instance to begin with; nothing was started then */
  start(): void {
    const { poolKey } = this.destination;
    if (poolKey !== undefined) this.budget.countRequest(poolKey);
    const route = this.firstRoute();
    const { timeLimitMs } = this.request;
    if (timeLimitMs !== undefined) this.timer = setTimeout(() => this.expire(), timeLimitMs);
    this.attempt(route);
  }

  /** The client left: the upstream is told at once and nobody is blamed. */
  abort(): void {
    if (this.isSettled) return;
    this.call?.abort();
    this.settle('aborted', this.status || CLIENT_LEFT);
  }

  /** We want no more of it, e.g. because it is too long. */
  giveUp(error: DomainError): void {
    if (this.isSettled) return;
    this.call?.abort();
    if (this.status === 0) return this.refuse(error, 'aborted');
    this.settle('aborted', this.status, error);
    this.sink.cut(error);
  }

  resume(): void {
    this.call?.resume();
  }

  answered(status: number, reason: string, rawHeaders: readonly string[]): void {
    if (isRefusal(status, rawHeaders) && this.askAnother(status)) return;
    if (status < 500) this.route?.lease?.firstByte();
    try {
      // Until the sink has taken it the answer may still be refused as a whole.
      this.sink.head(status, reason, rawHeaders, this.served);
      this.status = status;
    } catch (error) {
      this.call?.abort();
      this.refuse(upstreamProtocolError(error), 'error');
    }
  }

  received(chunk: Buffer): boolean {
    this.bytesOut += chunk.length;
    return this.sink.data(chunk);
  }

  ended(rawTrailers: readonly string[]): void {
    this.settle(this.status < 500 ? 'success' : 'error', this.status);
    this.sink.end(rawTrailers);
  }

  failed(failure: UpstreamFailure): void {
    const outcome = outcomeOf(failure);
    if (failure.phase === 'answering') {
      this.settle(outcome, this.status, failure.error);
      this.sink.cut(failure.error);
      return;
    }
    const next = this.mayRetry(failure) ? this.nextRoute() : undefined;
    if (!next) return this.refuse(failure.error, outcome);
    this.route?.lease?.release(outcome);
    this.attempt(next);
  }

  /** A byte of an answer has come. */
  get hasBegun(): boolean {
    return this.bytesOut > 0;
  }

  private get served(): Served {
    return { instanceId: this.route?.instanceId, attempts: this.attempts };
  }

  private attempt(route: Route): void {
    this.route = route;
    const attempt = ++this.attempts;
    const call = this.upstream.send(this.request, route, this);
    // A request that fails before `send` returns may already have been followed by another.
    if (attempt === this.attempts) this.call = call;
  }

  /** Never a second run of what may have been processed, unless reading twice does no harm. */
  private mayRetry({ phase, error }: UpstreamFailure): boolean {
    const isHarmless = SAFE_METHODS.has(this.request.method) && isRepeatable(this.request.body);
    return error.status >= 502 && (phase === 'connect' || isHarmless) && this.hasRetryLeft();
  }

  private hasRetryLeft(): boolean {
    const { poolKey } = this.destination;
    return poolKey !== undefined && this.attempts < MOST_ATTEMPTS && this.budget.takeRetry(poolKey);
  }

  /** False when nobody else can be asked: then the refusal is the answer. */
  private askAnother(status: number): boolean {
    const next = isRepeatable(this.request.body) && this.hasRetryLeft() ? this.nextRoute() : undefined;
    if (!next) return false;
    this.call?.abort();
    this.route?.lease?.release(status < 500 ? 'aborted' : 'error');
    this.attempt(next);
    return true;
  }

  /** Without an instance nothing begins, so nothing is reported, not even that the client has left. */
  private firstRoute(): Route {
    try {
      return this.destination.next(this.tried);
    } catch (error) {
      this.isSettled = true;
      throw error;
    }
  }

  private nextRoute(): Route | undefined {
    if (this.route?.instanceId !== undefined) this.tried = new Set([...this.tried, this.route.instanceId]);
    try {
      return this.destination.next(this.tried);
    } catch {
      // Nobody else to try: the caller is told how the last one failed.
      return undefined;
    }
  }

  private expire(): void {
    if (this.isSettled) return;
    const hasAnswered = this.status > 0;
    this.call?.abort();
    if (!hasAnswered) return this.refuse(timeLimitExceeded(), 'aborted');
    this.settle('aborted', this.status, timeLimitExceeded());
    this.sink.cut(timeLimitExceeded());
  }

  private refuse(error: DomainError, outcome: LeaseOutcome): void {
    this.settle(outcome, error.status, error);
    this.sink.refuse(error, this.served);
  }

  private settle(outcome: LeaseOutcome, status: number, error?: DomainError): void {
    if (this.isSettled) return;
    this.isSettled = true;
    clearTimeout(this.timer);
    this.route?.lease?.release(outcome);
    const { attempts, bytesOut, route } = this;
    const visited = route && visitedBy(route);
    this.report({ status, instanceId: route?.instanceId, ...visited, attempts, bytesOut, outcome, error });
  }
}

/** 4xx of ours (too large, stalled, refused address) say nothing about the instance. */
function outcomeOf({ error, isTimeout }: UpstreamFailure): LeaseOutcome {
  if (isTimeout) return 'timeout';
  return error.status >= 500 ? 'error' : 'aborted';
}

/** The instance says that it has not run the request: too much at the moment (429), or 503 with a time to come back. */
function isRefusal(status: number, rawHeaders: readonly string[]): boolean {
  if (status === TOO_MANY_REQUESTS) return true;
  return status === SERVICE_UNAVAILABLE && rawHeader(rawHeaders, 'retry-after') !== undefined;
}

function isRepeatable(body: Buffer | Readable | null): boolean {
  return body === null || Buffer.isBuffer(body);
}
