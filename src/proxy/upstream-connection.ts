import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import {
  upstreamFirstByteTimeout,
  upstreamIdleTimeout,
  upstreamProtocolError,
  upstreamUnreachable,
} from './proxy.errors.js';
import type { UpstreamCall } from './upstream-call.js';
import type { WireHead } from './wire/answer-head.js';
import { AnswerParser, type AnswerReader } from './wire/answer-parser.js';
import { BodySender, type SenderOwner } from './wire/body-sender.js';
import { Deadline } from './wire/deadline.js';
import type { RequestHead } from './wire/request-head.js';

/** Where a connection belongs. */
export interface ConnectionOwner {
  /** Ready for another request. */
  giveBack(connection: UpstreamConnection): void;
  /** Closed, or about to be. */
  forget(connection: UpstreamConnection): void;
}

/** A body up to this size travels in the same packet as its head. */
const ONE_PIECE_BYTES = 16_384;
/** Farm machines close idle connections after 5 s (uvicorn, node): be sooner. */
const KEEP_ALIVE_MS = 4000;
/** A server that says how long it waits means its own clock; the answer was on its way for a while. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** One HTTP/1.1 connection to an upstream: one request at a time. */
export class UpstreamConnection implements AnswerReader, SenderOwner {
  private readonly parser = new AnswerParser(this);
  private readonly deadline = new Deadline(() => this.expire());
  private call: UpstreamCall | undefined;
  private sender: BodySender | undefined;
  private head: WireHead | undefined;
  private trailers: readonly string[] | undefined;
  private isPaused = false;
  private isClosed = false;
  private expiresAt = Infinity;

  constructor(
    private readonly socket: Socket,
    private readonly owner: ConnectionOwner,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => this.read(data));
    socket.on('drain', () => this.sender?.onDrain());
    socket.on('end', () => this.finish());
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.destroy());
  }

  /** False when an idle connection has been so for too long: the upstream may be closing it right now. */
  isFresh(now: number): boolean {
    return !this.isClosed && now < this.expiresAt;
  }

  start(call: UpstreamCall, head: RequestHead): void {
    const { method, body, firstByteTimeoutMs } = call.request;
    this.call = call;
    this.head = undefined;
    this.parser.expect(method);
    this.deadline.set(firstByteTimeoutMs);
    if (body === null) this.socket.write(head.text, 'latin1');
    else if (Buffer.isBuffer(body)) this.sendWhole(head.text, body);
    else this.sendStream(head, body);
  }

  /** Free for the next request. */
  rest(): void {
    const { keepAliveMs = Infinity } = this.head ?? {};
    this.call = undefined;
    this.sender = undefined;
    this.deadline.clear();
    if (this.isPaused) this.resume();
    this.expiresAt = performance.now() + Math.min(KEEP_ALIVE_MS, keepAliveMs - KEEP_ALIVE_MARGIN_MS);
    this.owner.giveBack(this);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.touch();
    this.socket.resume();
  }

  /** Breaks off what is under way. */
  destroy(): void {
    this.fail(upstreamUnreachable('connection_terminated'));
  }

  /** Closes it, whatever is under way: nobody is told. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.call = undefined;
    this.parser.stop();
    this.sender?.stop();
    this.deadline.dispose();
    this.owner.forget(this);
    this.socket.destroy();
  }

  onHead(head: WireHead): void {
    this.head = head;
    this.touch();
    this.call?.answered(head);
  }

  onBody(chunk: Buffer): void {
    if (this.call?.received(chunk) === false) this.pause();
  }

  onComplete(trailers: readonly string[]): void {
    this.trailers = trailers;
  }

  onSent(): void {
    if (!this.head && this.call) this.deadline.set(this.call.request.firstByteTimeoutMs);
  }

  onSendFailed(error: Error): void {
    this.fail(error);
  }

  private pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  private sendWhole(head: string, body: Buffer): void {
    if (body.length > ONE_PIECE_BYTES) {
      this.socket.cork();
      this.socket.write(head, 'latin1');
      this.socket.write(body);
      this.socket.uncork();
      return;
    }
    const message = Buffer.allocUnsafe(head.length + body.length);
    message.write(head, 'latin1');
    body.copy(message, head.length);
    this.socket.write(message);
  }

  private sendStream({ text, length }: RequestHead, body: Readable): void {
    this.socket.write(text, 'latin1');
    this.sender = new BodySender(body, this.socket, length, this);
  }

  private read(data: Buffer): void {
    try {
      const isClean = this.parser.push(data);
      if (this.trailers) this.complete(this.trailers, isClean);
      else if (!isClean) this.fail(upstreamProtocolError());
      else if (this.head) this.touch();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** The upstream has ended the connection. */
  private finish(): void {
    try {
      this.parser.finish();
      if (this.trailers) this.complete(this.trailers, false);
      else this.destroy();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** The connection is free before anybody hears of the end, so that what follows may have it. */
  private complete(trailers: readonly string[], isClean: boolean): void {
    const { call } = this;
    const isReusable = isClean && this.head?.isReusable === true && this.sender?.isComplete !== false;
    this.trailers = undefined;
    if (isReusable) this.rest();
    else this.close();
    call?.ended(trailers);
  }

  private fail(error: Error): void {
    const { call } = this;
    this.close();
    call?.failed(error);
  }

  /** The answer goes on: the next silence is measured from here. */
  private touch(): void {
    if (this.call) this.deadline.set(this.call.request.idleTimeoutMs);
  }

  /** While we do not read, the silence is ours. */
  private expire(): void {
    if (!this.head) this.fail(upstreamFirstByteTimeout());
    else if (this.isPaused) this.touch();
    else this.fail(upstreamIdleTimeout());
  }
}
