import { newId } from '../../../common/id.js';
import { legacyLink, type LegacySession } from './legacy-session.js';
import type { LegacySessions, SharedSession } from './legacy-sessions.js';
import { EraChanged, type CallOptions, type McpChannel } from './mcp-channel.js';
import { SessionLost, type McpExchange, type McpOutcome } from './mcp-exchange.js';
import { sessionNotFound } from '../../mcp/mcp.errors.js';
import { errorCodeOf } from './mcp-message.js';
import { writeRequest, type OutgoingCall } from './mcp-request.js';
import type { McpTarget } from './mcp-target.js';
import { HEADER_MISMATCH, UNSUPPORTED_VERSION } from './mcp-wire.js';

/** With these a modern server refuses a request of the other era. */
const MODERN_CODES = new Set([UNSUPPORTED_VERSION, HEADER_MISMATCH]);

abstract class LegacyChannel implements McpChannel {
  readonly isModern = false;

  constructor(
    private readonly exchange: McpExchange,
    protected readonly target: McpTarget,
  ) {}

  get key(): string {
    return this.target.key;
  }

  abstract call(call: OutgoingCall, options: CallOptions): Promise<McpOutcome>;
  abstract close(): void;

  protected callIn(
    session: LegacySession | undefined,
    call: OutgoingCall,
    { isNotification, observer, signal }: CallOptions,
  ): Promise<McpOutcome> {
    const id = isNotification ? undefined : newId();
    const request = { id, body: writeRequest(call, id, false), headers: [] };
    return this.exchange.run(legacyLink(this.target, session), request, observer, signal);
  }
}

/** A legacy server in the session that a tenant's calls share. */
export class SharedChannel extends LegacyChannel {
  private session: SharedSession | undefined;

  constructor(
    exchange: McpExchange,
    target: McpTarget,
    private readonly sessions: LegacySessions,
  ) {
    super(exchange, target);
  }

  /** A session that the server has forgotten is replaced once: it has not run the request. */
  override async call(call: OutgoingCall, options: CallOptions): Promise<McpOutcome> {
    this.session ??= await this.sessions.acquire(this.target, options.signal);
    try {
      const outcome = await this.callIn(this.session, call, options);
      if (!MODERN_CODES.has(errorCodeOf(outcome.message) ?? 0)) return outcome;
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      this.drop();
      return this.callAgain(call, options);
    }
    this.drop();
    throw new EraChanged();
  }

  private async callAgain(call: OutgoingCall, options: CallOptions): Promise<McpOutcome> {
    this.session = await this.sessions.acquire(this.target, options.signal);
    return this.callIn(this.session, call, options).catch((error: unknown) => {
      throw error instanceof SessionLost ? sessionNotFound() : error;
    });
  }

  override close(): void {
    if (this.session) this.sessions.release(this.session);
    this.session = undefined;
  }

  private drop(): void {
    if (this.session) this.sessions.drop(this.session);
    this.close();
  }
}

/** A legacy server in a session of the caller's own; without one for the caller's own handshake. */
export class OwnChannel extends LegacyChannel {
  constructor(
    exchange: McpExchange,
    target: McpTarget,
    private readonly session: LegacySession | undefined,
  ) {
    super(exchange, target);
  }

  get sessionId(): string | undefined {
    return this.session?.id;
  }

  override call(call: OutgoingCall, options: CallOptions): Promise<McpOutcome> {
    return this.callIn(this.session, call, options).catch((error: unknown) => {
      throw error instanceof SessionLost ? sessionNotFound() : error;
    });
  }

  override close(): void {
    // The session is the caller's.
  }
}
