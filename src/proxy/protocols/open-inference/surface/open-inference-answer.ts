import type { DomainError } from '../../../../common/domain-error.js';
import type { Served } from '../../../answer-sink.js';
import { ClientAnswer } from '../../../client-answer.js';
import { EventStream } from '../../../openai/event-stream.js';
import { upstreamAuthRequired } from '../../../proxy.errors.js';
import { isEventStream, rawHeader, withoutHeader } from '../../../raw-headers.js';
import { errorEvent } from '../open-inference-problem.js';

const UNAUTHORIZED = 401;
/** The error of a broken stream is written out before its connection is closed, unless the client does not read. */
const LAST_WORDS_MS = 1000;

/**
 * The answer of an inference server, as it comes. A stream of `generate_stream` passes in whole events, so that one
 * which breaks off can end with an error event instead of half an event.
 */
export class OpenInferenceAnswer extends ClientAnswer {
  private events: EventStream | undefined;

  override head(status: number, reason: string, rawHeaders: readonly string[], served: Served): void {
    if (status === UNAUTHORIZED) return this.exchange?.giveUp(upstreamAuthRequired());
    if (!isEventStream(rawHeaders) || rawHeader(rawHeaders, 'content-encoding') !== undefined) {
      return super.head(status, reason, rawHeaders, served);
    }
    this.events = new EventStream(false);
    super.head(status, reason, withoutHeader(rawHeaders, 'content-length'), served);
  }

  override data(chunk: Buffer): boolean {
    if (!this.events) return super.data(chunk);
    const whole = this.events.push(chunk);
    return whole === undefined || super.data(whole);
  }

  override end(rawTrailers: readonly string[]): void {
    const rest = this.events?.flush();
    if (rest) super.data(rest);
    super.end(rawTrailers);
  }

  override cut(error?: DomainError): void {
    const { response } = this.visit;
    if (!this.events || !error || response.destroyed) return super.cut();
    const event = errorEvent(error.detail);
    const timer = setTimeout(() => super.cut(), LAST_WORDS_MS);
    response.once('close', () => clearTimeout(timer));
    response.write(this.events.isBetweenEvents ? event : `\n\n${event}`, () => super.cut());
  }
}
