import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { StreamConnection } from '../connection.js';
import type { AnswerListener } from './socket-exchange.js';

/** Above this much unread the upstream is paused. */
const MOST_UNREAD_BYTES = 256 * 1024;
/** An answer that does not come in pieces, or an event of one. */
const MOST_WHOLE_BYTES = 16 * 1024 * 1024;

/** As the engine counted. */
export interface Usage {
  prompt_tokens?: number;
  completion_tokens?: number;
}

/** What the usage of an inference costs, in credits. */
export type PriceUsage = (usage: Usage | null) => number;

export interface AnswerKind {
  /** The answer is passed as text; else as the JSON of its events. */
  isPlain: boolean;
  /** An event that tells the usage and nothing else is not shown. */
  hidesUsage: boolean;
}

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
  private wholeBytes = 0;
  /** How the text of every chunk begins. */
  private readonly beginning: string;
  private readonly text = new StringDecoder('utf8');
  private readonly events: EventSourceParser;

  constructor(
    private readonly id: string,
    private readonly connection: StreamConnection,
    private readonly kind: AnswerKind,
    private readonly price: PriceUsage,
    private readonly ended: () => void,
  ) {
    this.beginning = `{"type":"chunk","id":${JSON.stringify(id)},"seq":`;
    this.events = createParser({
      onEvent: ({ data }) => this.event(data),
      onError: ({ type }) => type === 'max-buffer-size-exceeded' && this.refuseMore(),
      maxBufferSize: MOST_WHOLE_BYTES,
    });
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
    if (this.status >= 400 || (!this.kind.isPlain && !this.isEventStream)) this.collect(chunk);
    else if (this.kind.isPlain) this.chunk(this.text.write(chunk));
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

  private collect(chunk: Buffer): void {
    this.whole.push(chunk);
    this.wholeBytes += chunk.length;
    if (this.wholeBytes > MOST_WHOLE_BYTES) this.refuseMore();
  }

  private refuseMore(): never {
    this.failure = { code: 'upstream_too_large', message: 'The answer is too large for a frame.' };
    throw new Error(this.failure.message);
  }

  /** What is valid JSON is passed as it came: nothing is lost by reading and writing it again. */
  private event(data: string): void {
    if (data === '[DONE]') return;
    const parsed = parse(data);
    if (parsed === undefined) return this.chunk(data);
    if (isFailure(parsed)) {
      this.failure = describe(parsed.error);
      return;
    }
    const { usage, choices } = (parsed ?? {}) as { usage?: Usage | null; choices?: unknown[] };
    if (usage) this.usage = usage;
    if (usage && choices?.length === 0 && this.kind.hidesUsage) return;
    this.chunk(parsed, data);
  }

  private chunk(data: unknown, json = JSON.stringify(data)): void {
    const { id } = this;
    const seq = (this.seq += 1);
    this.connection.send({ type: 'chunk', id, seq, data }, `${this.beginning}${seq},"data":${json}}`);
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
    const text = Buffer.concat(this.whole).toString('utf8');
    const body = parse(text) as Record<string, unknown> | null | undefined;
    if (typeof body !== 'object' || body === null) return { code: `http_${this.status}`, message: text };
    if (isFailure(body)) return describe(body.error);
    return { code: String(body.code ?? `http_${this.status}`), message: String(body.detail ?? '') };
  }

  private async untilRead(): Promise<void> {
    while (this.connection.bufferedBytes > MOST_UNREAD_BYTES) {
      await new Promise<void>((resolve) => this.connection.onceDrained(resolve));
    }
  }
}

/** Undefined when it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const isFailure = (value: unknown): value is { error: unknown } =>
  typeof value === 'object' && value !== null && 'error' in value && Boolean(value.error);

function describe(error: unknown): { code: string; message: string } {
  if (typeof error === 'string') return { code: 'upstream_error', message: error };
  const { code, message } = error as { code?: unknown; message?: unknown };
  return { code: String(code ?? 'upstream_error'), message: String(message ?? '') };
}
