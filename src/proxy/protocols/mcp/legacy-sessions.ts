import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { AppConfig } from '../../../config/config.js';
import { initialize, legacyLink, type LegacySession } from './legacy-session.js';
import { McpExchange } from './mcp-exchange.js';
import { McpHttp } from './mcp-http.js';
import type { McpTarget } from './mcp-target.js';
import { SingleFlight, withinTime } from './single-flight.js';

/** A session that all calls of one tenant to one server with the same credentials share. */
export interface SharedSession extends LegacySession {
  target: McpTarget;
  users: number;
  lastUsedAt: number;
}

const IDLE_MS = 300_000;
const SWEEP_INTERVAL_MS = 30_000;
const MOST_SESSIONS = 10_000;
const END_TIMEOUT_MS = 5000;

/** Sessions with legacy servers, opened on first use and ended when nobody has used them for five minutes. */
@Injectable()
export class LegacySessions implements OnModuleDestroy {
  private readonly logger = new Logger(LegacySessions.name);
  /** The longest unused first. */
  private readonly open = new Map<string, SharedSession>();
  private readonly flights = new SingleFlight<SharedSession>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly exchange: McpExchange,
    private readonly http: McpHttp,
    private readonly clock: Clock,
  ) {}

  /** The shared session, to be given back with `release`. Errors as in `initialize`. */
  async acquire(target: McpTarget, signal: AbortSignal): Promise<SharedSession> {
    const { key } = target;
    const session =
      this.open.get(key) ?? (await this.flights.share(key, signal, () => this.openShared(target)));
    session.users += 1;
    this.use(key, session);
    return session;
  }

  release(session: SharedSession): void {
    session.users -= 1;
    session.lastUsedAt = this.clock.now();
  }

  /** The server does not know it any more. */
  drop(session: SharedSession): void {
    if (this.open.get(session.target.key) === session) this.open.delete(session.target.key);
  }

  /** A session of the caller's own, which it has to end itself. */
  openNew(target: McpTarget): Promise<LegacySession> {
    const { firstByteTimeoutMs } = this.config.proxy;
    return withinTime(firstByteTimeoutMs, (signal) => initialize(this.exchange, target, signal));
  }

  /** Ends what has been idle for five minutes. */
  sweep(): void {
    const before = this.clock.now() - IDLE_MS;
    for (const session of this.open.values()) {
      if (session.users === 0 && session.lastUsedAt <= before) this.end(session);
    }
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
  }

  private async openShared(target: McpTarget): Promise<SharedSession> {
    const session = await this.openNew(target);
    const shared = { ...session, target, users: 0, lastUsedAt: this.clock.now() };
    this.makeRoom();
    this.use(target.key, shared);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
    return shared;
  }

  private use(key: string, session: SharedSession): void {
    this.open.delete(key);
    this.open.set(key, session);
  }

  private makeRoom(): void {
    if (this.open.size < MOST_SESSIONS) return;
    const idle = [...this.open.values()].find(({ users }) => users === 0);
    if (idle) this.end(idle);
  }

  /** Servers may refuse (405); they forget sessions by themselves then. */
  private end(session: SharedSession): void {
    this.drop(session);
    if (session.id === undefined) return;
    const { headers } = legacyLink(session.target, session);
    const limit = AbortSignal.timeout(END_TIMEOUT_MS);
    this.http.send(session.target, { method: 'DELETE', headers }, limit).then(
      ({ body }) => body.resume(),
      (error: unknown) => this.logger.debug({ msg: 'MCP session not ended', err: error }),
    );
  }
}
