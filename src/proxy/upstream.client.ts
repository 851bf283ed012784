import type { Readable } from 'node:stream';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Pool, type Dispatcher } from 'undici';
import { EgressConnector } from '../egress/connector.js';
import type { EgressKind } from '../egress/guard.js';
import { upstreamProtocolError } from './proxy.errors.js';
import { describeFailure, type UpstreamFailure, type UpstreamPhase } from './upstream-failure.js';

export interface UpstreamRequest {
  /** scheme://host:port */
  origin: string;
  kind: EgressKind;
  /** Typed targets share connections within one tenant only. */
  tenant: string;
  method: string;
  /** Origin-form, sent as it is. */
  path: string;
  /** Flat. Without Host, which is the origin's. */
  headers: string[];
  body: Buffer | Readable | null;
  firstByteTimeoutMs: number;
  idleTimeoutMs: number;
}

/** What becomes of a request; after `ended` or `failed` nothing more is called. */
export interface UpstreamListener {
  /** The final head; informational ones are left out. */
  answered(status: number, reason: string, rawHeaders: readonly Buffer[]): void;
  /** Returns false to get no more until `UpstreamCall.resume`. */
  received(chunk: Buffer): boolean;
  ended(rawTrailers: readonly Buffer[]): void;
  failed(failure: UpstreamFailure): void;
}

interface OriginPool {
  pool: Pool;
  active: number;
  lastUsedAt: number;
}

/** Farm machines close idle connections after 5 s (uvicorn, node): be sooner. */
const KEEP_ALIVE_MS = 4000;
const MAX_HEAD_BYTES = 32_768;
const IDLE_POOL_MS = 60_000;
const SWEEP_INTERVAL_MS = 30_000;

/** The data plane's only way out: a pool of connections per origin, without a cap, one request at a time on each. */
@Injectable()
export class UpstreamClient implements OnModuleDestroy {
  private readonly pools = new Map<string, OriginPool>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(private readonly connector: EgressConnector) {}

  /** Starts a request; everything that happens to it is told to the listener, never thrown. */
  send(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const entry = this.poolFor(request);
    entry.active += 1;
    const call = new UpstreamCall(listener, () => {
      entry.active -= 1;
      entry.lastUsedAt = performance.now();
    });
    entry.pool.dispatch(
      {
        path: request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: request.headers,
        body: request.body,
        headersTimeout: request.firstByteTimeoutMs,
        bodyTimeout: request.idleTimeoutMs,
      },
      call,
    );
    return call;
  }

  /** Requests under way. */
  get activeCount(): number {
    let count = 0;
    for (const { active } of this.pools.values()) count += active;
    return count;
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.sweeper);
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }

  private poolFor({ kind, tenant, origin }: UpstreamRequest): OriginPool {
    const key = kind === 'instance' ? origin : `${tenant} ${origin}`;
    return this.pools.get(key) ?? this.open(key, origin, kind);
  }

  private open(key: string, origin: string, kind: EgressKind): OriginPool {
    const pool = new Pool(origin, {
      connect: this.connector.for(kind),
      connections: null,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    const entry = { pool, active: 0, lastUsedAt: performance.now() };
    this.pools.set(key, entry);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
    return entry;
  }

  private sweep(): void {
    const before = performance.now() - IDLE_POOL_MS;
    for (const [key, { pool, active, lastUsedAt }] of this.pools) {
      if (active > 0 || lastUsedAt > before) continue;
      this.pools.delete(key);
      void pool.close();
    }
  }
}

/**
 * One request on its way, as undici's handler. It uses the handler methods that get headers as they came, unparsed:
 * the others cost a third more per request and merge duplicates.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  private phase: UpstreamPhase = 'connect';
  private isOver = false;
  private abortRequest: ((error?: Error) => void) | undefined;
  private resumeAnswer: (() => void) | undefined;

  constructor(
    private readonly listener: UpstreamListener,
    private readonly released: () => void,
  ) {}

  /** Ends the request without another word to the listener; the connection is closed. */
  abort(): void {
    if (this.isOver) return;
    this.finish();
    this.abortRequest?.();
  }

  resume(): void {
    if (!this.isOver) this.resumeAnswer?.();
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.isOver) return abort();
    this.abortRequest = abort;
    this.phase = 'sent';
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, reason: string): boolean {
    if (status < 200) return true;
    this.phase = 'answering';
    this.resumeAnswer = resume;
    this.listener.answered(status, reason, rawHeaders);
    return true;
  }

  onData(chunk: Buffer): boolean {
    return this.isOver || this.listener.received(chunk);
  }

  onComplete(rawTrailers: unknown): void {
    if (this.isOver) return;
    this.finish();
    this.listener.ended((rawTrailers ?? []) as readonly Buffer[]);
  }

  onError(error: Error): void {
    if (this.isOver) return;
    this.finish();
    this.listener.failed(describeFailure(error, this.phase));
  }

  /** An upgrade that nobody asked for. */
  onUpgrade(): void {
    this.onError(upstreamProtocolError());
  }

  private finish(): void {
    this.isOver = true;
    this.released();
  }
}
