import type { DomainError } from '../../common/domain-error.js';
import type { Served } from '../answer-sink.js';
import { ClientAnswer } from '../client-answer.js';
import { upstreamAuthRequired } from '../proxy.errors.js';
import { isEventStream, rawHeader, withoutHeader } from '../raw-headers.js';
import { UsageTail, mayHoldUsage, readUsage, type TokenUsage } from '../usage-tail.js';
import type { Visit } from '../visit.js';
import { EventStream } from './event-stream.js';
import { DO_NOT_RETRY, openAiError } from './openai-problem.js';

const UNAUTHORIZED = 401;
/** The error of a broken stream is written out before its connection is closed, unless the client does not read. */
const LAST_WORDS_MS = 1000;
/** llama.cpp writes the usage of embeddings before them. */
const HEAD_BYTES = 4096;
const DONE = '[DONE]';

/**
 * The answer of an OpenAI-compatible server, as it comes. Streams go on in whole events, so that the usage nobody asked
 * for can be taken out and that one which breaks off ends with an error event instead of half an event: clients take a
 * clean end for success.
 */
export class OpenAiAnswer extends ClientAnswer {
  private events: EventStream | undefined;
  private readonly received = new UsageTail();
  private firstChunk: Buffer | undefined;
  private isReadable = false;

  constructor(
    visit: Visit,
    stallTimeoutMs: number,
    /** We have asked for the usage, the caller has not. Known when the answer begins. */
    private readonly dropsUsage: () => boolean,
  ) {
    super(visit, stallTimeoutMs);
  }

  /** A stream that broke off before its usage has the tokens that were seen: one an event, nearly. */
  override get usage(): TokenUsage | undefined {
    if (!this.isReadable) return undefined;
    const told = this.received.read() ?? this.usageAtStart();
    if (told || !this.events || this.received.holds(DONE)) return told;
    return { inputTokens: 0, outputTokens: this.events.eventCount };
  }

  override head(status: number, reason: string, rawHeaders: readonly string[], served: Served): void {
    if (status === UNAUTHORIZED) return this.exchange?.giveUp(upstreamAuthRequired());
    if (status >= 400 && served.attempts > 1) this.visit.extraHeaders.push(...DO_NOT_RETRY);
    const contentType = rawHeader(rawHeaders, 'content-type')?.toLowerCase() ?? '';
    this.isReadable = mayHoldUsage(contentType, rawHeader(rawHeaders, 'content-encoding'));
    if (!this.isReadable || !isEventStream(rawHeaders)) return super.head(status, reason, rawHeaders, served);
    this.events = new EventStream(this.dropsUsage());
    super.head(status, reason, withoutHeader(rawHeaders, 'content-length'), served);
  }

  override data(chunk: Buffer): boolean {
    this.firstChunk ??= chunk;
    this.received.push(chunk);
    if (!this.events) return super.data(chunk);
    const whole = this.events.push(chunk);
    return whole === undefined || super.data(whole);
  }

  override end(rawTrailers: readonly string[]): void {
    const rest = this.events?.flush();
    if (rest) super.data(rest);
    super.end(rawTrailers);
  }

  override refuse(error: DomainError, served: Served): void {
    if (served.attempts > 1) this.visit.extraHeaders.push(...DO_NOT_RETRY);
    super.refuse(error, served);
  }

  override cut(error?: DomainError): void {
    const { response } = this.visit;
    if (!this.events || !error || response.destroyed) return super.cut();
    const { status, code, detail } = error;
    const event = `data: ${JSON.stringify(openAiError(status, code, detail))}\n\n`;
    const timer = setTimeout(() => super.cut(), LAST_WORDS_MS);
    response.once('close', () => clearTimeout(timer));
    response.write(this.events.isBetweenEvents ? event : `\n\n${event}`, () => super.cut());
  }

  private usageAtStart(): TokenUsage | undefined {
    return this.events ? undefined : this.firstChunk && readUsage(this.firstChunk.subarray(0, HEAD_BYTES));
  }
}
