import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EgressConnector } from '../egress/connector.js';
import type { EgressKind } from '../egress/guard.js';
import { OriginConnections } from './origin-connections.js';
import { timeLimitExceeded, upstreamFirstByteTimeout, upstreamUnreachable } from './proxy.errors.js';
import type { UpstreamCall, UpstreamListener, UpstreamRequest } from './upstream-call.js';

export interface UpstreamTarget {
  /** scheme://host:port */
  origin: string;
  kind: EgressKind;
}

/** What the upstream said to the request for an upgrade. */
export type UpgradeAnswer =
  | { kind: 'accepted'; head: IncomingMessage; firstBytes: Buffer }
  | { kind: 'refused'; head: IncomingMessage };

export interface UpgradeRequest {
  path: string;
  /** Flat, with Host, Connection and Upgrade. */
  headers: string[];
  firstByteTimeoutMs: number;
  timeLimitMs: number | undefined;
}

const IDLE_ORIGIN_MS = 60_000;
const SWEEP_INTERVAL_MS = 2000;

/** The data plane's only way out. */
@Injectable()
export class UpstreamClient implements OnModuleDestroy {
  private readonly origins = new Map<string, OriginConnections>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(private readonly connector: EgressConnector) {}

  /** Starts a request; everything that happens to it is told to the listener, never thrown. */
  send(request: UpstreamRequest, target: UpstreamTarget, listener: UpstreamListener): UpstreamCall {
    return this.connectionsTo(target, request.tenant).send(request, listener);
  }

  /** Opens a connection; for an upgrade it is nobody else's. Rejects with the guard's or the socket's error. */
  connect({ origin, kind }: UpstreamTarget): Promise<Socket> {
    const { hostname, host, port, protocol } = new URL(origin);
    return this.connector.connect({ hostname: hostname.replace(/^\[|\]$/g, ''), host, port, protocol }, kind);
  }

  /**
   * Asks for an upgrade over a connection from `connect`; given up when the client's socket closes. Rejects with the
   * socket's or parser's error, or with a DomainError.
   */
  askForUpgrade(upstream: Socket, client: Socket, request: UpgradeRequest): Promise<UpgradeAnswer> {
    return new Promise((resolve, reject) => {
      const asking = httpRequest({
        createConnection: () => upstream,
        path: request.path,
        headers: request.headers as unknown as Record<string, string>,
        setHost: false,
      });
      const release = limitUpgrade(asking, client, request);
      asking.once('upgrade', (head, _, firstBytes) => resolve({ kind: 'accepted', head, firstBytes }));
      asking.once('response', (head) => resolve({ kind: 'refused', head }));
      asking.once('error', reject);
      for (const event of ['upgrade', 'response', 'error']) asking.once(event, release);
      asking.end();
    });
  }

  /** Requests under way. */
  get activeCount(): number {
    let count = 0;
    for (const { active } of this.origins.values()) count += active;
    return count;
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
    for (const connections of this.origins.values()) connections.destroy();
    this.origins.clear();
  }

  private connectionsTo({ kind, origin }: UpstreamTarget, tenant: string): OriginConnections {
    const key = kind === 'instance' ? origin : `${tenant} ${origin}`;
    return this.origins.get(key) ?? this.open(key, origin, kind);
  }

  private open(key: string, origin: string, kind: EgressKind): OriginConnections {
    const { host } = new URL(origin);
    const connections = new OriginConnections(host, () => this.connect({ origin, kind }));
    this.origins.set(key, connections);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
    return connections;
  }

  private sweep(): void {
    const before = performance.now() - IDLE_ORIGIN_MS;
    for (const [key, connections] of this.origins) {
      connections.trim();
      if (!connections.isIdleSince(before)) continue;
      this.origins.delete(key);
      connections.destroy();
    }
  }
}

/** Ends the question when its time is over or its client gone; the function that is returned takes that back. */
function limitUpgrade(asking: ClientRequest, client: Socket, request: UpgradeRequest): () => void {
  const { firstByteTimeoutMs, timeLimitMs = Infinity } = request;
  const isLimited = timeLimitMs < firstByteTimeoutMs;
  const timer = setTimeout(
    () => asking.destroy(isLimited ? timeLimitExceeded() : upstreamFirstByteTimeout()),
    Math.min(firstByteTimeoutMs, timeLimitMs),
  );
  const leave = (): void => void asking.destroy(upstreamUnreachable('connection_terminated'));
  client.once('close', leave);
  return () => {
    clearTimeout(timer);
    client.off('close', leave);
  };
}
