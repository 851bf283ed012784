import type { Readable } from 'node:stream';
import type { UpstreamConnection } from './upstream-connection.js';
import { describeFailure, type UpstreamFailure, type UpstreamPhase } from './upstream-failure.js';
import type { WireHead } from './wire/answer-head.js';

export interface UpstreamRequest {
  /** Typed targets share connections within one tenant only. */
  tenant: string;
  method: string;
  /** Origin-form, sent as it is. */
  path: string;
  /** Flat. Without Host, which is the origin's. */
  headers: readonly string[];
  body: Buffer | Readable | null;
  /** From the last byte that was sent to the head of the answer. */
  firstByteTimeoutMs: number;
  /** Between two bytes of the answer; 0 = none. */
  idleTimeoutMs: number;
}

/** What becomes of a request; after `ended` or `failed` nothing more is called. */
export interface UpstreamListener {
  /** The final head; informational ones are left out. Headers are flat, as received, one character a byte. */
  answered(status: number, reason: string, rawHeaders: readonly string[]): void;
  /** Returns false to get no more until `UpstreamCall.resume`; what was read already still comes. */
  received(chunk: Buffer): boolean;
  ended(rawTrailers: readonly string[]): void;
  failed(failure: UpstreamFailure): void;
}

/** One request on its way. */
export class UpstreamCall {
  private phase: UpstreamPhase = 'connect';
  private isOver = false;
  private connection: UpstreamConnection | undefined;

  constructor(
    readonly request: UpstreamRequest,
    private readonly listener: UpstreamListener,
    /** Called once, before the listener hears of the end. */
    private readonly onOver: () => void,
  ) {
    if (isStream(request.body)) request.body.on('error', this.onBodyError);
  }

  /** It was given up while its connection was being opened. */
  get isAbandoned(): boolean {
    return this.isOver;
  }

  /** From now on it may be processed. */
  sentOver(connection: UpstreamConnection): void {
    this.connection = connection;
    this.phase = 'sent';
  }

  /** Ends the request without another word to the listener; the connection is closed. */
  abort(): void {
    if (this.isOver) return;
    this.finish();
    this.connection?.close();
  }

  resume(): void {
    if (!this.isOver) this.connection?.resume();
  }

  answered({ status, reason, headers }: WireHead): void {
    this.phase = 'answering';
    this.listener.answered(status, reason, headers);
  }

  received(chunk: Buffer): boolean {
    return this.isOver || this.listener.received(chunk);
  }

  ended(trailers: readonly string[]): void {
    if (this.isOver) return;
    this.finish();
    this.listener.ended(trailers);
  }

  failed(error: Error): void {
    if (this.isOver) return;
    this.finish();
    this.listener.failed(describeFailure(error, this.phase));
  }

  private readonly onBodyError = (error: Error): void => {
    const { connection } = this;
    this.failed(error);
    connection?.close();
  };

  private finish(): void {
    this.isOver = true;
    if (isStream(this.request.body)) this.request.body.off('error', this.onBodyError);
    this.onOver();
  }
}

function isStream(body: Buffer | Readable | null): body is Readable {
  return body !== null && !Buffer.isBuffer(body);
}
