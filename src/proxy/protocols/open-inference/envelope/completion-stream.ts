import type { OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { upstreamIdleTimeout } from '../../../proxy.errors.js';
import { UsageTail } from '../../../usage-tail.js';
import type { Visit } from '../../../visit.js';
import { openAiError } from '../../../openai/openai-problem.js';
import { readEvents } from '../../mcp/event-stream.js';
import { DONE_EVENT, chunkEvent, type CompletionHead } from './completion.js';
import { failedInStream } from './envelope.errors.js';
import type { Attempt } from './inference-runner.js';
import { readGenerateEvent } from './text-rows.js';

const EVENT_STREAM = [
  'content-type',
  'text/event-stream',
  'cache-control',
  'no-cache',
  'x-accel-buffering',
  'no',
];
/** The error of a broken stream is written out before its connection is closed, unless the client does not read. */
const LAST_WORDS_MS = 1000;
const UPSTREAM_FAILED = 502;
const DONE = '[DONE]';

/** A completion as OpenAI streams it. A stream that ends well ends with `[DONE]`. */
export class CompletionStream {
  constructor(
    private readonly visit: Visit,
    private readonly attempt: Attempt,
    private readonly completion: CompletionHead,
    /** Between two chunks of the upstream, and for a client that does not read. */
    private readonly idleTimeoutMs: number,
  ) {}

  /** An answer that came in one piece, one event a row. */
  async sendRows(rows: readonly string[]): Promise<void> {
    this.begin();
    for (const [index, text] of rows.entries()) await this.write(chunkEvent(this.completion, text, index));
    await this.finish();
  }

  /** Events of `generate_stream`. Rejects when the upstream breaks off, falls silent or tells an error. */
  async reframe(body: Readable): Promise<void> {
    this.begin();
    for await (const data of readEvents(this.watched(body), { lastEventId: undefined, retryMs: undefined })) {
      const event = readGenerateEvent(data);
      if ('error' in event) return this.fail(event.error);
      await this.write(chunkEvent(this.completion, event.text, 0));
    }
    await this.finish();
  }

  /** Events that are OpenAI's already pass as they are; some servers leave out the last. */
  async relayEvents(body: Readable): Promise<void> {
    this.begin();
    const tail = new UsageTail();
    for await (const chunk of this.watched(body)) {
      tail.push(chunk);
      await this.write(chunk);
    }
    this.attempt.tally.usage = tail.read();
    if (tail.holds(DONE)) this.visit.response.end();
    else await this.finish();
  }

  private begin(): void {
    const headers = [...this.visit.headersFor(this.attempt.served), ...EVENT_STREAM];
    this.visit.response.writeHead(200, headers as unknown as OutgoingHttpHeaders).flushHeaders();
  }

  private async finish(): Promise<void> {
    await this.write(DONE_EVENT);
    this.visit.response.end();
  }

  /** Tells the caller, then rejects: the connection must not end cleanly. */
  private async fail(detail: string): Promise<never> {
    const error = failedInStream(detail);
    const event = `data: ${JSON.stringify(openAiError(UPSTREAM_FAILED, error.code, detail))}\n\n`;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LAST_WORDS_MS);
      this.visit.response.write(event, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    throw error;
  }

  /** The upstream's silence only: how long the client takes is counted elsewhere. */
  private async *watched(body: Readable): AsyncGenerator<Buffer> {
    const wait = (): NodeJS.Timeout =>
      setTimeout(() => body.destroy(upstreamIdleTimeout()), this.idleTimeoutMs);
    let timer = wait();
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        clearTimeout(timer);
        yield chunk;
        timer = wait();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when there is room for more. */
  private write(bytes: string | Buffer): Promise<void> | undefined {
    const { response } = this.visit;
    if (response.destroyed || response.write(bytes)) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => response.destroy(), this.idleTimeoutMs);
      const go = (): void => {
        clearTimeout(timer);
        response.off('drain', go).off('close', go);
        resolve();
      };
      response.once('drain', go).once('close', go);
    });
  }
}
