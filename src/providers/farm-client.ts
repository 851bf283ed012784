import type { Clock } from '../common/clock.js';
import { Tally } from '../common/metrics/tally.js';
import type { DomainError } from '../common/domain-error.js';
import { retryMs, slowdownMs } from './back-off.js';
import type { CallOptions, ProviderName } from './gpu-provider.js';
import { CallLane, type CallRate } from './minimum-intervals.js';
import type { HttpAnswer, HttpCall, ProviderHttp } from './provider-http.js';
import {
  providerBusy,
  providerRateLimited,
  providerUnavailable,
  rentOutcomeUnknown,
} from './providers.errors.js';
import { TransportFault } from './transport-fault.js';

/** Longest wait in the farm's queue when the caller gives neither a limit nor a signal. */
const PATIENCE_MS = 60_000;
const MOST_TRIES = 3;
const MOST_SLOWDOWNS = 6;
const GATEWAY_TROUBLE = new Set([502, 503, 504]);

export interface FarmCall<Lane extends string> extends Omit<HttpCall, 'url' | 'headers'> {
  path: string;
  /** The endpoint whose pace counts. */
  lane: Lane;
  /** Repeating it does no harm: a read, a search, a destroy. Others are sent once unless the farm said 429. */
  isRepeatable: boolean;
}

export interface FarmAccess<Lane extends string> {
  provider: ProviderName;
  baseUrl: string;
  headers: Readonly<Record<string, string>>;
  /** The farm's limits per endpoint. */
  rates: Readonly<Record<Lane, CallRate>>;
  /** Multiplies the limits' windows; 0 = no limits. */
  rateScale: number;
}

/**
 * Calls a farm at its pace. Reads are repeated through network trouble, gateway errors and 429; writes are repeated
 * only after a 429, which says that nothing was done. What is left for the adapter is to read the answer.
 */
export class FarmClient<Lane extends string> {
  /** Calls by what came of them: `2xx`, `429`, `4xx`, `5xx` or `no_answer`. */
  readonly outcomes = new Tally(['outcome']);
  private readonly lanes: Readonly<Record<Lane, CallLane>>;

  constructor(
    private readonly access: FarmAccess<Lane>,
    private readonly http: ProviderHttp,
    private readonly clock: Clock,
  ) {
    const lanes = Object.entries<CallRate>(access.rates).map(([name, rate]) => [
      name,
      new CallLane(rate, access.rateScale, clock),
    ]);
    this.lanes = Object.fromEntries(lanes) as Record<Lane, CallLane>;
  }

  /** Milliseconds until a call that joins the lane now may start, behind `ahead` others that are still to join. */
  delayMs(lane: Lane, ahead: number): number {
    return this.lanes[lane].delayMs(ahead);
  }

  /**
   * @returns any answer but 429, gateway errors and, for what is not repeatable, 5xx and unreadable successes
   * @throws DomainError `provider_unavailable`, `provider_rate_limited`, `provider_busy`, `rent_outcome_unknown`
   */
  async call(call: FarmCall<Lane>, options: CallOptions): Promise<HttpAnswer> {
    const { signal } = options;
    const giveUpAt = this.clock.now() + patienceOf(options);
    let slowdowns = 0;
    for (let attempt = 1; ; attempt++) {
      await this.waitForTurn(call, giveUpAt, slowdowns, signal);
      const result = await this.attempt(call, signal);
      if (isSlowdown(result)) {
        slowdowns += 1;
        this.lanes[call.lane].pause(slowdownMs(result, slowdowns, this.access.rateScale));
        if (slowdowns === MOST_SLOWDOWNS) throw providerRateLimited(this.access.provider, PATIENCE_MS);
        continue;
      }
      if (isUsable(call, result)) return result;
      const isLastTry = !call.isRepeatable || attempt - slowdowns >= MOST_TRIES;
      const pauseMs = retryMs(attempt - slowdowns, this.access.rateScale);
      if (isLastTry || !(await this.hasPaused(pauseMs, signal))) throw this.failure(call, result);
    }
  }

  /** A read of what may be an endless stream, see `ProviderHttp.readStream`. */
  async stream(
    call: FarmCall<Lane>,
    limits: { maxMs: number; maxBytes: number },
    options: CallOptions,
  ): Promise<HttpAnswer> {
    await this.waitForTurn(call, this.clock.now() + patienceOf(options), 0, options.signal);
    try {
      return await this.http.readStream(this.request(call), limits, options.signal);
    } catch (error) {
      throw this.failure(call, asFault(error));
    }
  }

  private async waitForTurn(
    { lane, isRepeatable }: FarmCall<Lane>,
    giveUpAt: number,
    slowdowns: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { provider } = this.access;
    const waitMs = this.lanes[lane].delayMs();
    const tooLong =
      isRepeatable || slowdowns > 0 ? providerRateLimited(provider, waitMs) : providerBusy(provider, waitMs);
    if (this.clock.now() + waitMs > giveUpAt) throw tooLong;
    try {
      await this.lanes[lane].enter(signal);
    } catch (error) {
      if (signal?.aborted) throw tooLong;
      throw error;
    }
  }

  /** False when the caller gave up. */
  private async hasPaused(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return false;
    try {
      await this.clock.sleep(ms, signal);
      return true;
    } catch (error) {
      if (signal?.aborted) return false;
      throw error;
    }
  }

  private async attempt(call: FarmCall<Lane>, signal?: AbortSignal): Promise<HttpAnswer | TransportFault> {
    try {
      const answer = await this.http.exchange(this.request(call), signal);
      this.outcomes.add(outcomeOf(answer));
      return answer;
    } catch (error) {
      this.outcomes.add('no_answer');
      return asFault(error);
    }
  }

  private request({ method, path, json }: FarmCall<Lane>): HttpCall {
    return { method, json, url: `${this.access.baseUrl}${path}`, headers: this.access.headers };
  }

  private failure(call: FarmCall<Lane>, result: HttpAnswer | TransportFault): DomainError {
    const { provider } = this.access;
    if (!(result instanceof TransportFault)) {
      return call.isRepeatable
        ? providerUnavailable(provider, `it answers ${result.status}`)
        : rentOutcomeUnknown(provider);
    }
    return call.isRepeatable || result.isUnsent
      ? providerUnavailable(provider, result.message, result)
      : rentOutcomeUnknown(provider, result);
  }
}

function outcomeOf({ status }: HttpAnswer): string {
  return status === 429 ? '429' : `${Math.floor(status / 100)}xx`;
}

function patienceOf({ signal, patienceMs }: CallOptions): number {
  return patienceMs ?? (signal ? Number.POSITIVE_INFINITY : PATIENCE_MS);
}

function isSlowdown(result: HttpAnswer | TransportFault): result is HttpAnswer {
  return !(result instanceof TransportFault) && result.status === 429;
}

function isUsable(call: FarmCall<string>, result: HttpAnswer | TransportFault): result is HttpAnswer {
  if (result instanceof TransportFault) return false;
  if (call.isRepeatable) return !GATEWAY_TROUBLE.has(result.status);
  const isUnreadableSuccess = result.status < 300 && result.body === undefined;
  return result.status < 500 && !isUnreadableSuccess;
}

function asFault(error: unknown): TransportFault {
  if (error instanceof TransportFault) return error;
  throw error;
}
