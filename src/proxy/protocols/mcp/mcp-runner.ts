import { Injectable, Logger } from '@nestjs/common';
import { DomainError, isDomainError } from '../../../common/domain-error.js';
import type { Admission } from '../../../credits/requests/admission.js';
import type { LeaseOutcome } from '../../../loadbalancer/lease.js';
import type { Served } from '../../answer-sink.js';
import type { Destination, Route } from '../../destination.js';
import { McpRouting } from '../../mcp/mcp-routing.js';
import { CLIENT_LEFT, whilePaid } from '../../paid-work.js';
import { ProxyService } from '../../proxy.service.js';
import { RetryBudget } from '../../retry-budget.js';
import { visitedBy } from '../../stay.js';
import { readUsage } from '../../usage-tail.js';
import type { Visit } from '../../visit.js';
import type { McpCall, SessionChoice } from './mcp-call.js';
import { McpCalls, type CallResult } from './mcp-calls.js';
import { SendFailure } from './mcp-http.js';
import type { McpSink } from './mcp-sink.js';
import type { McpTarget } from './mcp-target.js';

/** A call that is ready to be made. */
export interface McpTrip {
  visit: Visit;
  destination: Destination;
  call: McpCall;
  session: SessionChoice;
  sessionVersion: string | undefined;
  timeLimitMs: number | undefined;
  targetAt(route: Route): McpTarget;
  sinkFor(served: () => Served): McpSink;
}

/** How one attempt ended. */
interface Ending {
  outcome: LeaseOutcome;
  status: number;
  result?: CallResult;
  /** Absent when the client has left: nobody is there to be told. */
  error?: DomainError;
  /** Not a byte was sent, so another instance may be asked. */
  isUnsent?: boolean;
}

/** Where the last attempt has been. */
interface Settled {
  target: McpTarget;
  route: Route;
  served: Served;
  sink: McpSink;
  admission: Admission;
}

const MOST_ATTEMPTS = 3;

/** Makes a call at one instance after the other until one can be reached, and settles lease and usage. */
@Injectable()
export class McpRunner {
  private readonly logger = new Logger(McpRunner.name);

  constructor(
    private readonly calls: McpCalls,
    private readonly routing: McpRouting,
    private readonly budget: RetryBudget,
    private readonly proxy: ProxyService,
  ) {}

  /** @throws DomainError when there is no instance to begin with; all else is answered */
  run(trip: McpTrip): Promise<void> {
    return whilePaid(this.proxy, trip, (signal, admission) => this.attempts(trip, signal, admission));
  }

  private async attempts(trip: McpTrip, signal: AbortSignal, admission: Admission): Promise<void> {
    const { destination } = trip;
    if (destination.poolKey !== undefined) this.budget.countRequest(destination.poolKey);
    const tried = new Set<string>();
    let route = destination.next(tried);
    const served = { instanceId: route.instanceId, attempts: 0 };
    const sink = trip.sinkFor(() => served);
    for (;;) {
      served.instanceId = route.instanceId;
      served.attempts += 1;
      const target = trip.targetAt(route);
      const ending = await this.attempt(trip, route, { target, sink, signal });
      const next = ending.isUnsent ? this.nextRoute(destination, route, tried) : undefined;
      route.lease?.release(ending.outcome);
      if (!next) return this.settle(trip, { target, route, served, sink, admission }, ending);
      route = next;
    }
  }

  private async attempt(
    { call, session, sessionVersion }: McpTrip,
    route: Route,
    { target, sink, signal }: { target: McpTarget; sink: McpSink; signal: AbortSignal },
  ): Promise<Ending> {
    const observer = {
      answered: (status: number) => (status < 500 ? route.lease?.firstByte() : undefined),
      streaming: sink.streaming.bind(sink),
      notified: sink.notified.bind(sink),
    };
    try {
      const result = await this.calls.run({ target, call, session, sessionVersion, observer, signal });
      const { status } = result.outcome;
      return { outcome: status < 500 ? 'success' : 'error', status, result };
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      return endingOf(reason) ?? this.unexpected(reason);
    }
  }

  private unexpected(error: unknown): Ending {
    this.logger.error({ msg: 'unexpected error in an MCP call', err: error });
    const told = new DomainError('internal_error', 500, 'Something went wrong on our side.', {
      cause: error,
    });
    return { outcome: 'aborted', status: told.status, error: told };
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

  private async settle(
    trip: McpTrip,
    { target, route, served, sink, admission }: Settled,
    { outcome, status, result, error }: Ending,
  ): Promise<void> {
    const { visit, destination, call } = trip;
    const { bytesIn, bytesOut } = target.tally;
    const source = result?.outcome.message?.source;
    const usage = source === undefined ? undefined : readUsage(Buffer.from(source));
    const facts = { protocol: 'mcp', pool: destination.poolName, bytesIn, usage };
    const report = { ...served, ...visitedBy(route), status, outcome, bytesOut, error };
    this.proxy.account(visit, report, facts, admission);
    if (result) {
      await this.rememberSession(trip, served, result);
      sink.finish({ call, result }, served);
    } else if (error) {
      if (error.code === 'session_not_found') this.forgetSession(trip);
      sink.fail(error, served);
    }
  }

  /** So that a later call with its id finds the instance, at whatever process. */
  private async rememberSession(
    { visit, destination, session }: McpTrip,
    { instanceId }: Served,
    { sessionId }: CallResult,
  ): Promise<void> {
    const pool = destination.poolName;
    if (pool === undefined || sessionId === undefined || session.kind === 'given') return;
    await this.routing.began({ userId: visit.caller.userId, pool, sessionId }, instanceId);
  }

  private forgetSession({ visit, destination, session }: McpTrip): void {
    const pool = destination.poolName;
    if (pool === undefined || session.kind !== 'given') return;
    this.routing.ended({ userId: visit.caller.userId, pool, sessionId: session.sessionId });
  }
}

/** Undefined for what is neither the upstream's nor the caller's doing. */
function endingOf(error: unknown): Ending | undefined {
  if (error === CLIENT_LEFT) return { outcome: 'aborted', status: 0 };
  if (error instanceof SendFailure) {
    const { phase, isTimeout, error: cause } = error.failure;
    const outcome = isTimeout ? 'timeout' : outcomeOf(cause);
    return {
      outcome,
      status: cause.status,
      error: cause,
      isUnsent: phase === 'connect' && cause.status >= 502,
    };
  }
  if (!isDomainError(error)) return undefined;
  return { outcome: outcomeOf(error), status: error.status, error };
}

/** What the caller's limit, its credentials or its session bring about says nothing about the instance. */
const BLAMELESS = new Set(['time_limit_exceeded', 'upstream_auth_required']);

function outcomeOf({ code, status }: DomainError): LeaseOutcome {
  if (status < 500 || BLAMELESS.has(code)) return 'aborted';
  return status === 504 ? 'timeout' : 'error';
}
