import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { StreamConnection } from '../connection.js';
import type { AnswerListener } from './socket-exchange.js';

/** Above this much unread the upstream is paused. */
const MOST_UNREAD_BYTES = 256 * 1024;
const LOOK_AGAIN_MS = 20;

interface Usage {
  prompt_tokens?: number;
  completion_tokens?: number;
}

/** What the usage of an inference costs, in credits. */
export type PriceUsage = (usage: Usage | null) => number;

/** One answer on its way over a socket: chunks, then `completed` or `failed`, exactly once. */
export class Inference implements AnswerListener {
  private seq = 0;
  private status = 0;
  private instanceId: string | null = null;
  private isEventStream = false;
  private isCanceled = false;
  private usage: Usage | null = null;
  private failure: { code: string; message: string } | undefined;
  private readonly whole: Buffer[] = [];
  private readonly text = new StringDecoder('utf8');
  private readonly events: EventSourceParser;

  constructor(
    private readonly id: string,
    private readonly connection: StreamConnection,
    /** `http` answers are passed as text; the others as the JSON of their events. */
    private readonly isPlain: boolean,
    private readonly price: PriceUsage,
    private readonly ended: () => void,
  ) {
    this.events = createParser({ onEvent: ({ data }) => this.event(data) });
  }

  cancel(): void {
    this.isCanceled = true;
  }

  head(status: number, headers: ReadonlyMap<string, string>): void {
    this.status = status;
    this.instanceId = headers.get('x-gpuproxy-instance') ?? null;
    this.isEventStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  }

  data(chunk: Buffer): Promise<void> | void {
    if (this.status >= 400 || (!this.isPlain && !this.isEventStream)) this.whole.push(chunk);
    else if (this.isPlain) this.chunk(this.text.write(chunk));
    else this.events.feed(this.text.write(chunk));
    if (this.connection.bufferedBytes > MOST_UNREAD_BYTES) return this.untilRead();
  }

  end(): void {
    if (this.status >= 400) this.fail(this.refusal());
    else if (this.failure) this.fail(this.failure);
    else this.complete();
  }

  cut(): void {
    if (this.isCanceled) this.fail({ code: 'canceled', message: 'Canceled by the client.' });
    else this.fail(this.failure ?? { code: 'upstream_unreachable', message: 'The answer broke off.' });
  }

  private event(data: string): void {
    if (data === '[DONE]') return;
    const parsed = parse(data);
    if (isFailure(parsed)) this.failure = describe(parsed.error);
    else this.chunk(parsed);
    const { usage } = (parsed ?? {}) as { usage?: Usage | null };
    if (usage) this.usage = usage;
  }

  private chunk(data: unknown): void {
    this.seq += 1;
    this.connection.send({ type: 'chunk', id: this.id, seq: this.seq, data });
  }

  private complete(): void {
    if (this.whole.length > 0) this.event(Buffer.concat(this.whole).toString('utf8'));
    const { id, usage, instanceId } = this;
    this.connection.send({ type: 'completed', id, usage, cost: this.price(usage), instance_id: instanceId });
    this.ended();
  }

  private fail({ code, message }: { code: string; message: string }): void {
    this.connection.send({ type: 'failed', id: this.id, code, message });
    this.ended();
  }

  /** A problem document, or the error shape of the protocol. */
  private refusal(): { code: string; message: string } {
    const body = parse(Buffer.concat(this.whole).toString('utf8')) as Record<string, unknown> | string | null;
    if (typeof body !== 'object' || body === null)
      return { code: `http_${this.status}`, message: String(body ?? '') };
    if (isFailure(body)) return describe(body.error);
    return { code: String(body.code ?? `http_${this.status}`), message: String(body.detail ?? '') };
  }

  private async untilRead(): Promise<void> {
    while (this.connection.bufferedBytes > MOST_UNREAD_BYTES) {
      await new Promise((resolve) => {
        setTimeout(resolve, LOOK_AGAIN_MS);
      });
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isFailure = (value: unknown): value is { error: unknown } =>
  typeof value === 'object' && value !== null && 'error' in value && Boolean(value.error);

function describe(error: unknown): { code: string; message: string } {
  if (typeof error === 'string') return { code: 'upstream_error', message: error };
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code: String(code ?? 'upstream_error'), message: String(message ?? '') };
}
