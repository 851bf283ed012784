import type { OutgoingHttpHeaders } from 'node:http';
import type { DomainError } from '../../../common/domain-error.js';
import type { Served } from '../../answer-sink.js';
import type { Visit } from '../../visit.js';
import { headersOf, responseOf, type FinishedCall } from './mcp-answer-parts.js';
import type { McpSink } from './mcp-sink.js';

const EVENT_STREAM = [
  'content-type',
  'text/event-stream',
  'cache-control',
  'no-cache',
  'x-accel-buffering',
  'no',
];

/** Passes events on as they come; an answer in one piece is passed on in one piece. */
export class McpRelay implements McpSink {
  private isStreaming = false;

  constructor(
    private readonly visit: Visit,
    /** Who serves, as far as it is known when the stream begins. */
    private readonly served: () => Served,
    /** How long a caller may refuse to read before it is cut off. */
    private readonly stallTimeoutMs: number,
  ) {}

  streaming(): void {
    const headers = [...this.visit.headersFor(this.served()), ...EVENT_STREAM];
    this.visit.response.writeHead(200, headers as unknown as OutgoingHttpHeaders).flushHeaders();
    this.isStreaming = true;
  }

  notified(source: string): Promise<void> | undefined {
    if (this.write(source)) return undefined;
    const { response } = this.visit;
    return new Promise((resolve) => {
      const timer = setTimeout(() => response.destroy(), this.stallTimeoutMs);
      const go = (): void => {
        clearTimeout(timer);
        response.off('drain', go).off('close', go);
        resolve();
      };
      response.once('drain', go).once('close', go);
    });
  }

  finish(finished: FinishedCall, served: Served): void {
    const response = responseOf(finished);
    if (this.isStreaming) {
      if (response !== undefined) this.write(response);
      this.visit.response.end();
      return;
    }
    const { outcome } = finished.result;
    const headers = headersOf(finished.result);
    this.visit.answer(outcome.status, headers, Buffer.from(response ?? ''), served);
  }

  /** Once the stream has begun, never with a clean end. */
  fail(error: DomainError, served: Served): void {
    if (this.isStreaming) this.visit.response.destroy();
    else this.visit.refuse(error, served);
  }

  private write(source: string): boolean {
    const { response } = this.visit;
    const lines = source.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
    return response.destroyed || response.write(`event: message\n${lines.join('')}\n`);
  }
}
