import type { OutgoingHttpHeaders } from 'node:http';
import type { DomainError } from '../common/domain-error.js';
import type { AnswerSink, Served, TokenListener } from './answer-sink.js';
import type { Exchange } from './exchange.js';
import { acceptsTrailers } from './request-headers.js';
import { readAnswerHead, type AnswerHead } from './response-headers.js';
import { StreamProgress } from './stream-progress.js';
import { passableTrailers, trailersOf } from './trailers.js';
import { UsageTail, mayHoldUsage, type TokenUsage } from './usage-tail.js';
import type { Visit } from './visit.js';

/** Heads of answers up to this size wait for their body: one packet instead of two. */
const SMALL_ANSWER_BYTES = 65_536;

const EVENT_STREAM = 'text/event-stream';
const INVALID_REASON = /[^\t\x20-\x7e\x80-\xff]/;

/** The upstream's answer to the client, as it comes: nothing is held back, nothing is read but the tail. */
export class ClientAnswer implements AnswerSink {
  protected exchange: Exchange | undefined;
  private tail: UsageTail | undefined;
  private tellTokens: TokenListener | undefined;
  private progress: StreamProgress | undefined;
  private stallTimer: NodeJS.Timeout | undefined;
  private hasBytes = false;
  private hasLength = false;
  /** Names of those that will follow the body. */
  private trailers: string | undefined;

  constructor(
    protected readonly visit: Visit,
    /** How long a client may refuse to read before it is cut off. */
    private readonly stallTimeoutMs: number,
  ) {}

  /** The way back to the upstream: for pauses, and for a client that leaves. */
  follow(exchange: Exchange): void {
    this.exchange = exchange;
    this.visit.response.on('close', () => {
      clearTimeout(this.stallTimer);
      exchange.abort();
    });
  }

  /** For streams whose tokens cost something. */
  count(tell: TokenListener): void {
    this.tellTokens = tell;
  }

  get usage(): TokenUsage | undefined {
    return this.tail?.read();
  }

  head(status: number, reason: string, rawHeaders: readonly string[], served: Served): void {
    const { response } = this.visit;
    const head = readAnswerHead(status, rawHeaders);
    if (mayHoldUsage(head.contentType, head.contentEncoding)) this.tail = new UsageTail();
    if (this.tail && this.tellTokens && head.contentType.startsWith(EVENT_STREAM))
      this.progress = new StreamProgress(this.tellTokens);
    const headers = this.headersOf(head, served);
    response.writeHead(
      status,
      INVALID_REASON.test(reason) ? '' : reason,
      headers as unknown as OutgoingHttpHeaders,
    );
    if (isStreaming(head)) process.nextTick(() => this.flushHead());
  }

  data(chunk: Buffer): boolean {
    this.hasBytes = true;
    this.tail?.push(chunk);
    this.progress?.push(chunk);
    const { response } = this.visit;
    if (response.destroyed || response.write(chunk)) return true;
    this.stallTimer ??= this.awaitDrain();
    return false;
  }

  end(rawTrailers: readonly string[]): void {
    const { response } = this.visit;
    if (this.trailers !== undefined) response.addTrailers(trailersOf(rawTrailers, this.trailers));
    response.end();
  }

  refuse(error: DomainError, served: Served): void {
    this.visit.refuse(error, served);
  }

  /**
   * Never a clean end. What was received is let out first. An answer without length or chunks (HTTP/1.0) ends with its
   * connection, so only a reset tells it from a complete one.
   */
  cut(): void {
    const { response } = this.visit;
    setImmediate(() => {
      if (response.chunkedEncoding || this.hasLength) response.destroy();
      else response.socket?.resetAndDestroy();
    });
  }

  /** Once for all that the client does not take: what was read before the pause may be several pieces. */
  private awaitDrain(): NodeJS.Timeout {
    const { response } = this.visit;
    response.once('drain', () => {
      clearTimeout(this.stallTimer);
      this.stallTimer = undefined;
      this.exchange?.resume();
    });
    return setTimeout(() => response.destroy(), this.stallTimeoutMs);
  }

  private headersOf(head: AnswerHead, served: Served): string[] {
    const headers = head.headers.concat(this.visit.headersFor(served));
    if (head.contentLength !== undefined) {
      this.hasLength = true;
      headers.push('content-length', head.contentLength);
    } else if (head.trailer !== undefined && acceptsTrailers(this.visit.request.headers.te)) {
      this.trailers = passableTrailers(head.trailer);
      if (this.trailers !== undefined) headers.push('trailer', this.trailers);
    }
    return headers;
  }

  private flushHead(): void {
    const { response } = this.visit;
    if (!this.hasBytes && !response.writableEnded) response.flushHeaders();
  }
}

/** Of unknown length, or long: its first byte may be far away, and the head tells the client that it is coming. */
function isStreaming({ contentLength }: AnswerHead): boolean {
  return contentLength === undefined || Number(contentLength) > SMALL_ANSWER_BYTES;
}
