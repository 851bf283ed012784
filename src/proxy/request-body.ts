import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { DomainError } from '../common/domain-error.js';
import { awaitsContinue } from './expectation.js';
import { bodyTooLarge, requestTimeout } from './proxy.errors.js';

/** Bodies up to this size are sent on in one piece: one write instead of many. */
export const SMALL_BODY_BYTES = 65_536;

/** How long the rest of a refused body is read and thrown away, so that the client gets to see the answer. */
const DISCARD_TIME_MS = 5000;

/** Node has refused anything but digits; -1 = not given. */
export function declaredLength({ headers }: IncomingMessage): number {
  const value = headers['content-length'];
  return value === undefined ? -1 : Number(value);
}

export function hasBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && length !== '0';
}

/** Collects a whole body. Nothing is called when the client leaves: the response's `close` tells that. */
export function collectBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (error: DomainError | undefined, body: Buffer | null) => void,
): void {
  let first: Buffer | null = null;
  let parts: Buffer[] | undefined;
  let size = 0;
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxBytes) {
      request.off('data', onData).off('end', onEnd);
      return done(bodyTooLarge(maxBytes), null);
    }
    if (first === null) first = chunk;
    else (parts ??= [first]).push(chunk);
  };
  const onEnd = (): void => done(undefined, parts ? Buffer.concat(parts, size) : first);
  request.on('data', onData).on('end', onEnd);
}

/** Reads what is left of a body that nobody wants, for a while; a client that goes on after that is cut off. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed || awaitsContinue(request)) return;
  const timer = setTimeout(() => request.destroy(), DISCARD_TIME_MS).unref();
  request.once('close', () => clearTimeout(timer));
  request.resume();
}

/** Changes a body while it passes. What its methods throw ends the body, and the request with it. */
export interface BodyEdit {
  /** What goes on instead of these bytes. */
  push(bytes: Buffer): Buffer;
  /** All bytes have come. */
  finish(): void;
}

/**
 * A body on its way through: counted, limited and never more of it in memory than one read. Destroying it leaves the
 * client's connection alone, because an answer may still be on its way back.
 */
export class PassingBody extends Readable {
  private bytesRead = 0;
  private isStarted = false;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly maxBytes: number,
    private readonly idleTimeoutMs: number,
    private readonly edit?: BodyEdit,
  ) {
    super({ highWaterMark: SMALL_BODY_BYTES });
  }

  get byteCount(): number {
    return this.bytesRead;
  }

  /** True once a byte was asked for: it cannot be sent a second time. */
  get isUsed(): boolean {
    return this.isStarted;
  }

  override _read(): void {
    if (!this.isStarted) this.start();
    this.idleTimer?.refresh();
    this.request.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.idleTimer);
    this.request.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose);
    discardBody(this.request);
    callback(error);
  }

  private start(): void {
    this.isStarted = true;
    this.idleTimer = setTimeout(() => this.stalled(), this.idleTimeoutMs).unref();
    this.request.on('data', this.onData).on('end', this.onEnd).on('close', this.onClose);
  }

  private readonly onData = (chunk: Buffer): void => {
    this.bytesRead += chunk.length;
    this.idleTimer?.refresh();
    if (this.bytesRead > this.maxBytes) this.destroy(bodyTooLarge(this.maxBytes));
    else if (this.edit) this.attempt((edit) => this.pass(edit.push(chunk)));
    else this.pass(chunk);
  };

  private readonly onEnd = (): void => {
    clearTimeout(this.idleTimer);
    this.attempt((edit) => edit.finish());
    if (!this.destroyed) this.push(null);
  };

  /** Nothing to push would not bring about the next read. */
  private pass(bytes: Buffer): void {
    if (bytes.length > 0 && !this.push(bytes)) this.request.pause();
  }

  private attempt(work: (edit: BodyEdit) => void): void {
    if (!this.edit) return;
    try {
      work(this.edit);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private readonly onClose = (): void => {
    if (!this.request.complete) this.destroy(requestTimeout());
  };

  /** While we wait for the upstream to take more, the silence is not the client's. */
  private stalled(): void {
    if (this.request.isPaused()) this.idleTimer?.refresh();
    else this.destroy(requestTimeout());
  }
}
