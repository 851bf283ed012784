import type { DomainError } from '../../common/domain-error.js';
import type { Served } from '../answer-sink.js';
import { ClientAnswer } from '../client-answer.js';
import { upstreamAuthRequired, upstreamIdleTimeout } from '../proxy.errors.js';
import { isEventStream, rawHeader, withoutHeader } from '../raw-headers.js';
import type { Visit } from '../visit.js';
import { sessionNotFound } from './mcp.errors.js';
import { SESSION_ID } from './mcp-headers.js';

export interface McpAnswerOptions {
  /** The session that the request names and that is known. */
  sessionId: string | undefined;
  /** Between two bytes of an answer that is no stream of events, and for a client that does not read. */
  idleTimeoutMs: number;
  /** The upstream has begun a session; the client hears of it when this has resolved. */
  began(sessionId: string, instanceId: string | undefined): Promise<void>;
  /** The session is no more. */
  ended(): void;
}

/** What has come of an answer that waits for its session to be known. */
interface HeldAnswer {
  chunks: Buffer[];
  trailers?: readonly string[];
}

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;

/** The answer of an MCP server, as it comes; beside it, the beginnings and ends of sessions are noticed. */
export class McpAnswer extends ClientAnswer {
  private held: HeldAnswer | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(
    visit: Visit,
    private readonly options: McpAnswerOptions,
  ) {
    super(visit, options.idleTimeoutMs);
    visit.response.once('close', () => clearTimeout(this.idleTimer));
  }

  override head(status: number, reason: string, rawHeaders: readonly string[], served: Served): void {
    if (status === UNAUTHORIZED) return this.exchange?.giveUp(upstreamAuthRequired());
    if (!isEventStream(rawHeaders)) this.watchIdle();
    if (this.endsSession(status)) this.options.ended();
    // The challenge is for us, not for the client, who would look for tokens in the wrong place.
    const passed = status === FORBIDDEN ? withoutHeader(rawHeaders, 'www-authenticate') : rawHeaders;
    const sessionId = rawHeader(rawHeaders, SESSION_ID);
    const isNew = status < 300 && sessionId !== undefined && sessionId !== this.options.sessionId;
    if (!isNew) return super.head(status, reason, passed, served);
    this.held = { chunks: [] };
    void this.options
      .began(sessionId, served.instanceId)
      .then(() => this.release(() => super.head(status, reason, passed, served)))
      .catch(() => this.visit.response.destroy());
  }

  override data(chunk: Buffer): boolean {
    this.idleTimer?.refresh();
    if (!this.held) return super.data(chunk);
    this.held.chunks.push(chunk);
    return false;
  }

  override end(rawTrailers: readonly string[]): void {
    clearTimeout(this.idleTimer);
    if (this.held) this.held.trailers = rawTrailers;
    else super.end(rawTrailers);
  }

  override refuse(error: DomainError, served: Served): void {
    clearTimeout(this.idleTimer);
    if (this.visit.response.headersSent) return super.cut();
    if (this.options.sessionId === undefined || !isUnconnected(error)) return super.refuse(error, served);
    // Nobody listens there any more, so what the session knew is gone.
    this.options.ended();
    super.refuse(sessionNotFound(), served);
  }

  override cut(error?: DomainError): void {
    clearTimeout(this.idleTimer);
    if (!this.held || !error) return super.cut();
    this.held = undefined;
    this.visit.refuse(error);
  }

  private release(passHead: () => void): void {
    const { held } = this;
    if (!held || this.visit.response.destroyed) return;
    this.held = undefined;
    passHead();
    const isWritable = held.chunks.every((chunk) => super.data(chunk));
    if (held.trailers) super.end(held.trailers);
    else if (isWritable) this.exchange?.resume();
  }

  private watchIdle(): void {
    const giveUp = (): void => this.exchange?.giveUp(upstreamIdleTimeout());
    this.idleTimer = setTimeout(giveUp, this.options.idleTimeoutMs);
  }

  private endsSession(status: number): boolean {
    if (this.options.sessionId === undefined) return false;
    return status === NOT_FOUND || (this.visit.request.method === 'DELETE' && status < 300);
  }
}

/** Not a byte was sent: the connection was refused, timed out or could not be agreed on. */
function isUnconnected({ code, headers }: DomainError): boolean {
  if (code === 'upstream_connect_timeout') return true;
  return code === 'upstream_unreachable' && !headers?.['proxy-status']?.includes('connection_terminated');
}
