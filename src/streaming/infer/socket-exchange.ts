import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { InferRequest } from './infer-request.js';

/** Who sent a message over a socket, as far as a request tells it. */
export interface SocketPeer {
  remoteAddress: string | undefined;
}

/** A request that came as a message: what the data plane's door reads of an IncomingMessage. */
export class SocketRequest extends Readable {
  readonly method = 'POST';
  readonly httpVersion = '1.1';
  /** All of it is here. */
  readonly complete = true;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly rawHeaders: string[];

  constructor(
    { path, headers, body }: InferRequest,
    token: string,
    /** Stands for the socket; only its address is read. */
    readonly socket: SocketPeer,
  ) {
    super();
    this.url = path;
    const content = Buffer.from(body);
    const credential = { authorization: `Bearer ${token}`, 'content-length': String(content.length) };
    this.headers = { host: 'socket', ...headers, ...credential };
    this.rawHeaders = Object.entries(this.headers).flat();
    this.push(content);
    this.push(null);
  }

  override _read(): void {
    // Everything was pushed when it was made.
  }

  get asIncomingMessage(): IncomingMessage {
    return this as unknown as IncomingMessage;
  }
}

/** What becomes of an answer. */
export interface AnswerListener {
  head(status: number, headers: ReadonlyMap<string, string>): void;
  /** Resolves when more may come; throws when no more is wanted. */
  data(chunk: Buffer): Promise<void> | void;
  /** The answer is complete. */
  end(): void;
  /** It broke off. */
  cut(): void;
}

/**
 * The door's answer as it comes: what the data plane calls of a ServerResponse. Not a stream of node's, whose queue and
 * ticks would cost each token as much as everything else on its way.
 */
export class SocketResponse extends EventEmitter {
  headersSent = false;
  statusCode = 0;
  writableEnded = false;
  destroyed = false;
  /** An end of the answer that is not told is a cut. */
  readonly chunkedEncoding = true;
  private isFinished = false;
  private waiting: Promise<void> | undefined;

  constructor(private readonly listener: AnswerListener) {
    super();
  }

  writeHead(status: number, reasonOrHeaders: unknown, headers?: unknown): this {
    this.headersSent = true;
    this.statusCode = status;
    const flat = (headers ?? reasonOrHeaders) as string[];
    const byName = new Map<string, string>();
    for (let index = 0; index < flat.length; index += 2) {
      byName.set(flat[index].toLowerCase(), String(flat[index + 1]));
    }
    this.listener.head(status, byName);
    return this;
  }

  flushHeaders(): void {
    // The head was told when it was written.
  }

  addTrailers(): void {
    // Frames have no place for trailers.
  }

  /** False: no more until `drain`. */
  write(chunk: Buffer | string, written?: () => void): boolean {
    if (written) process.nextTick(written);
    if (this.destroyed) return false;
    try {
      const pending = this.listener.data(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      if (pending) this.waiting = this.drainAfter(pending);
    } catch {
      // The listener wants no more and knows why.
      this.destroy();
    }
    return this.waiting === undefined;
  }

  end(chunk?: Buffer | string): this {
    if (chunk !== undefined) this.write(chunk);
    this.writableEnded = true;
    if (this.waiting) void this.waiting.then(() => this.finish());
    else this.finish();
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    if (!this.isFinished) this.listener.cut();
    // As node does: never while the one who ends it is still at it.
    process.nextTick(() => this.emit('close'));
    return this;
  }

  private finish(): void {
    if (this.destroyed) return;
    this.isFinished = true;
    this.listener.end();
    this.emit('finish');
    this.destroy();
  }

  private async drainAfter(pending: Promise<void>): Promise<void> {
    await pending;
    this.waiting = undefined;
    this.emit('drain');
  }
}
