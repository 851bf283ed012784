import { Injectable } from '@nestjs/common';
import { isDomainError, type DomainError } from '../../../../common/domain-error.js';
import type { Admission } from '../../../../credits/requests/admission.js';
import type { LeaseOutcome } from '../../../../loadbalancer/lease.js';
import type { Served } from '../../../answer-sink.js';
import type { Destination, Route } from '../../../destination.js';
import { CLIENT_LEFT, whilePaid } from '../../../paid-work.js';
import { ProxyService } from '../../../proxy.service.js';
import { RetryBudget } from '../../../retry-budget.js';
import { visitedBy } from '../../../stay.js';
import type { TokenUsage } from '../../../usage-tail.js';
import type { Visit } from '../../../visit.js';
import { SendFailure } from '../../mcp/mcp-http.js';

/** What an attempt has to know and to tell. */
export interface Attempt {
  route: Route;
  served: Served;
  /** Aborted when the client leaves or the time is over. */
  signal: AbortSignal;
  /** Of what was sent and received so far, and what the upstream has said. */
  tally: { bytesIn: number; bytesOut: number; status: number; usage?: TokenUsage };
}

export interface InferenceTrip {
  visit: Visit;
  destination: Destination;
  timeLimitMs: number | undefined;
  /** Asks one instance and answers the visit. Rejects with SendFailure or DomainError, or with the signal's reason. */
  attempt(attempt: Attempt): Promise<void>;
}

interface Ending {
  outcome: LeaseOutcome;
  error?: DomainError;
  /** Not a byte was sent, so another instance may be asked. */
  isUnsent?: boolean;
}

const MOST_ATTEMPTS = 3;
/** What the caller's limit or its request bring about says nothing about the instance. */
const BLAMELESS = new Set(['time_limit_exceeded', 'upstream_auth_required', 'upstream_too_large']);

/** Puts a request to one instance after the other until one can be reached, and settles lease and usage. */
@Injectable()
export class InferenceRunner {
  constructor(
    private readonly budget: RetryBudget,
    private readonly proxy: ProxyService,
  ) {}

  /** @throws DomainError when there is no instance to begin with, and what is a bug; all else is answered */
  run(trip: InferenceTrip): Promise<void> {
    return whilePaid(this.proxy, trip, (signal, admission) => this.attempts(trip, signal, admission));
  }

  private async attempts(trip: InferenceTrip, signal: AbortSignal, admission: Admission): Promise<void> {
    const { destination } = trip;
    if (destination.poolKey !== undefined) this.budget.countRequest(destination.poolKey);
    const tried = new Set<string>();
    const tally: Attempt['tally'] = { bytesIn: 0, bytesOut: 0, status: 0 };
    let route: Route | undefined = destination.next(tried);
    for (let attempts = 1; route; attempts += 1) {
      const served = { instanceId: route.instanceId, attempts };
      const attempt = { route, served, signal, tally };
      const ending = await this.attempt(trip, attempt);
      const next: Route | undefined = ending.isUnsent ? this.nextRoute(destination, route, tried) : undefined;
      route.lease?.release(ending.outcome);
      if (!next) this.settle(trip, attempt, ending, admission);
      route = next;
    }
  }

  private async attempt(trip: InferenceTrip, attempt: Attempt): Promise<Ending> {
    try {
      await trip.attempt(attempt);
      return { outcome: attempt.tally.status < 500 ? 'success' : 'error' };
    } catch (error) {
      return endingOf(attempt.signal.aborted ? attempt.signal.reason : error);
    }
  }

  private nextRoute(destination: Destination, failed: Route, tried: Set<string>): Route | undefined {
    const { poolKey } = destination;
    if (poolKey === undefined || failed.instanceId === undefined) return undefined;
    tried.add(failed.instanceId);
    if (tried.size >= MOST_ATTEMPTS || !this.budget.takeRetry(poolKey)) return undefined;
    try {
      return destination.next(tried);
    } catch {
      // Nobody else to try: the caller is told how the last one failed.
      return undefined;
    }
  }

  private settle(
    { visit, destination }: InferenceTrip,
    { route, served, tally }: Attempt,
    { outcome, error }: Ending,
    admission: Admission,
  ): void {
    const { bytesIn, bytesOut, usage } = tally;
    const hasBegun = visit.response.headersSent;
    const status = error && !hasBegun ? error.status : tally.status;
    const facts = { protocol: 'openinference', pool: destination.poolName, bytesIn, usage };
    const report = { ...served, ...visitedBy(route), status, outcome, bytesOut, error };
    this.proxy.account(visit, report, facts, admission);
    if (!error) return;
    // Never a clean end once the stream has begun.
    if (hasBegun) visit.response.destroy();
    else visit.refuse(error, served);
  }
}

/** @throws what is neither the upstream's nor the caller's doing */
function endingOf(error: unknown): Ending {
  if (error === CLIENT_LEFT) return { outcome: 'aborted' };
  if (error instanceof SendFailure) {
    const { phase, isTimeout, error: cause } = error.failure;
    const isUnsent = phase === 'connect' && cause.status >= 502;
    return { outcome: isTimeout ? 'timeout' : outcomeOf(cause), error: cause, isUnsent };
  }
  if (!isDomainError(error)) throw error;
  return { outcome: outcomeOf(error), error };
}

function outcomeOf({ code, status }: DomainError): LeaseOutcome {
  if (status < 500 || BLAMELESS.has(code)) return 'aborted';
  return status === 504 ? 'timeout' : 'error';
}
