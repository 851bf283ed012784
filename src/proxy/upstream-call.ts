import type { Client, Dispatcher } from 'undici';
import type { OriginConnections } from './origin-connections.js';
import { upstreamProtocolError } from './proxy.errors.js';
import { describeFailure, type UpstreamFailure, type UpstreamPhase } from './upstream-failure.js';

/** What becomes of a request; after `ended` or `failed` nothing more is called. */
export interface UpstreamListener {
  /** The final head; informational ones are left out. */
  answered(status: number, reason: string, rawHeaders: readonly Buffer[]): void;
  /** Returns false to get no more until `UpstreamCall.resume`. */
  received(chunk: Buffer): boolean;
  ended(rawTrailers: readonly Buffer[]): void;
  failed(failure: UpstreamFailure): void;
}

/**
 * One request on its way, as undici's handler. It uses the handler methods that get headers as they came, unparsed:
 * the others cost a third more per request and merge duplicates.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  private phase: UpstreamPhase = 'connect';
  private isOver = false;
  private abortRequest: ((error?: Error) => void) | undefined;
  private resumeAnswer: (() => void) | undefined;

  constructor(
    private readonly listener: UpstreamListener,
    private readonly connections: OriginConnections,
    private readonly client: Client,
  ) {}

  /** Ends the request without another word to the listener; the connection is closed. */
  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.abortRequest?.();
    this.connections.drop(this.client);
  }

  resume(): void {
    if (!this.isOver) this.resumeAnswer?.();
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.isOver) return abort();
    this.abortRequest = abort;
    this.phase = 'sent';
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, reason: string): boolean {
    if (status < 200) return true;
    this.phase = 'answering';
    this.resumeAnswer = resume;
    this.listener.answered(status, reason, rawHeaders);
    return true;
  }

  onData(chunk: Buffer): boolean {
    return this.isOver || this.listener.received(chunk);
  }

  onComplete(rawTrailers: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connections.giveBack(this.client);
    this.listener.ended((rawTrailers ?? []) as readonly Buffer[]);
  }

  onError(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connections.drop(this.client);
    this.listener.failed(describeFailure(error, this.phase));
  }

  /** An upgrade that nobody asked for. */
  onUpgrade(): void {
    this.onError(upstreamProtocolError());
  }
}
