import type { IncomingMessage } from 'node:http';
import { Readable, Writable } from 'node:stream';
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

/** The door's answer as it comes: what it calls of a ServerResponse. */
export class SocketResponse extends Writable {
  headersSent = false;
  statusCode = 0;
  /** An end of the answer that is not told is a cut. */
  readonly chunkedEncoding = true;
  private isFinished = false;

  constructor(private readonly listener: AnswerListener) {
    super({ decodeStrings: true });
    this.once('finish', () => {
      this.isFinished = true;
      listener.end();
    });
    this.once('close', () => this.isFinished || listener.cut());
    this.on('error', () => undefined);
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

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      const pending = this.listener.data(chunk);
      if (pending) void settle(pending, done);
      else done();
    } catch (error) {
      done(error as Error);
    }
  }
}

async function settle(pending: Promise<void>, done: () => void): Promise<void> {
  await pending;
  done();
}
