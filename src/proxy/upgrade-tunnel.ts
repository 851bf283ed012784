import type { Socket } from 'node:net';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { parseTimeLimitHeader } from '../common/time-limit.js';
import { AppConfig } from '../config/config.js';
import type { Admission } from '../credits/requests/admission.js';
import type { LeaseOutcome } from '../loadbalancer/lease.js';
import type { Destination, Route } from './destination.js';
import { requireModel } from './key-limits.js';
import { ProxyService } from './proxy.service.js';
import { visitedBy } from './stay.js';
import { TransparentHandler } from './transparent.handler.js';
import { openTunnel, relayRefusal, type TunnelBytes } from './tunnel.js';
import { describeFailure } from './upstream-failure.js';
import { UpstreamClient, type UpgradeAnswer } from './upstream.client.js';
import type { Visit } from './visit.js';

const MOST_ATTEMPTS = 3;
const NO_BYTES: TunnelBytes = { bytesIn: 0, bytesOut: 0 };

/** One upgrade from the request to the end of its tunnel. */
interface Trip {
  visit: Visit;
  client: Socket;
  destination: Destination;
  timeLimitMs: number | undefined;
  attempts: number;
  /** The tunnel stands: from here on it costs. */
  isOpen: boolean;
  admission: Admission;
}

/**
 * WebSockets: the client is told 101 only after the upstream has said so; from then on bytes pass both ways, unread,
 * until one side ends. A refusal by the upstream is passed on as it is.
 */
@Injectable()
export class UpgradeTunnel implements OnModuleDestroy {
  private readonly clients = new Set<Socket>();

  constructor(
    private readonly config: AppConfig,
    private readonly transparent: TransparentHandler,
    private readonly upstreams: UpstreamClient,
    private readonly proxy: ProxyService,
  ) {}

  /** @throws DomainError (rejects) when the request is refused or the upstream does not answer */
  async open(visit: Visit, client: Socket, clientBytes: Buffer): Promise<void> {
    const timeLimitMs = parseTimeLimitHeader(visit.request.headers['x-timelimit']);
    const destination = this.transparent.destinationOf(visit);
    requireModel(visit.caller, undefined);
    const order = { visit, client, destination, timeLimitMs, attempts: 0, isOpen: false };
    const admission = await this.proxy.admit(visit, timeLimitMs, () => order.isOpen);
    admission.onExhausted(() => client.destroy());
    try {
      await this.travel(Object.assign(order, { admission }), clientBytes);
    } finally {
      this.proxy.release(admission);
    }
  }

  private async travel(trip: Trip, clientBytes: Buffer): Promise<void> {
    const { route, upstream } = await this.connect(trip);
    try {
      const answer = await this.ask(trip, route, upstream);
      await this.converse(trip, route, upstream, { answer, clientBytes });
    } catch (error) {
      upstream.destroy();
      const failure = describeFailure(error as Error, 'sent');
      this.settle(trip, route, outcomeOf(trip.client, failure.isTimeout), failure.error.status);
      throw failure.error;
    }
  }

  onModuleDestroy(): void {
    this.closeAll();
  }

  /** For the end of the drain: the server forgets sockets once they are upgraded. */
  closeAll(): void {
    for (const client of this.clients) client.destroy();
  }

  /** Another member when one cannot be reached: nothing has been sent yet. */
  private async connect(trip: Trip): Promise<{ route: Route; upstream: Socket }> {
    const tried = new Set<string>();
    for (;;) {
      const route = trip.destination.next(tried);
      trip.attempts += 1;
      try {
        return { route, upstream: await this.upstreams.connect(route) };
      } catch (error) {
        const failure = describeFailure(error as Error, 'connect');
        route.lease?.release(failure.isTimeout ? 'timeout' : 'error');
        const isLast = trip.destination.poolKey === undefined || trip.attempts >= MOST_ATTEMPTS;
        if (isLast || route.instanceId === undefined) throw failure.error;
        tried.add(route.instanceId);
      }
    }
  }

  private ask(
    { visit, client, destination, timeLimitMs }: Trip,
    { origin }: Route,
    upstream: Socket,
  ): Promise<UpgradeAnswer> {
    const passed = this.transparent.headersFor(visit, destination, undefined);
    const { host } = new URL(origin);
    return this.upstreams.askForUpgrade(upstream, client, {
      path: visit.match.rest,
      headers: ['Host', host, 'Connection', 'Upgrade', 'Upgrade', 'websocket', ...passed],
      firstByteTimeoutMs: this.config.proxy.firstByteTimeoutMs,
      timeLimitMs,
    });
  }

  private async converse(
    trip: Trip,
    route: Route,
    upstream: Socket,
    { answer, clientBytes }: { answer: UpgradeAnswer; clientBytes: Buffer },
  ): Promise<void> {
    const { visit, client, timeLimitMs } = trip;
    const served = { instanceId: route.instanceId, attempts: trip.attempts };
    route.lease?.firstByte();
    if (answer.kind === 'refused') {
      upstream.setTimeout(this.config.proxy.idleTimeoutMs, () => upstream.destroy());
      await relayRefusal(visit, answer.head, served);
      return this.settle(trip, route, 'success', answer.head.statusCode ?? 0);
    }
    this.clients.add(client);
    visit.response.detachSocket(client);
    trip.isOpen = true;
    const closed = this.proxy.tunnelOpened(visit);
    const bytes = await openTunnel(visit, client, { ...answer, upstream, clientBytes, served, timeLimitMs });
    closed();
    this.clients.delete(client);
    this.settle(trip, route, 'success', 101, bytes);
  }

  private settle(trip: Trip, route: Route, outcome: LeaseOutcome, status: number, bytes = NO_BYTES): void {
    route.lease?.release(outcome);
    const { instanceId } = route;
    const { attempts, visit, destination, admission } = trip;
    const { bytesIn, bytesOut } = bytes;
    const visited = visitedBy(route);
    const report = { status, outcome, instanceId, ...visited, attempts, bytesOut, error: undefined };
    const facts = { protocol: 'websocket', pool: destination.poolName, bytesIn, usage: undefined };
    this.proxy.account(visit, report, facts, admission);
  }
}

function outcomeOf(client: Socket, isTimeout: boolean): LeaseOutcome {
  if (client.destroyed) return 'aborted';
  return isTimeout ? 'timeout' : 'error';
}
