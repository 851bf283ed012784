import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { unsendableRequest } from '../proxy.errors.js';

/** Who waits for a body to be sent. Errors of the body itself are heard elsewhere. */
export interface SenderOwner {
  /** Bytes went out. */
  onSent(): void;
  onSendFailed(error: Error): void;
}

/** A streamed body on its way to the upstream: no more of it in memory than the socket takes. */
export class BodySender {
  private bytesSent = 0;
  private isDone = false;

  constructor(
    private readonly body: Readable,
    private readonly socket: Socket,
    /** What the head promised; undefined = chunks. */
    private readonly length: number | undefined,
    private readonly owner: SenderOwner,
  ) {
    body.on('data', this.onData).on('end', this.onEnd);
  }

  /** False while there is more to come. */
  get isComplete(): boolean {
    return this.isDone;
  }

  /** The socket takes more again. */
  onDrain(): void {
    if (!this.isDone) this.body.resume();
  }

  /** Nobody wants the rest. */
  stop(): void {
    if (this.isDone) return;
    this.detach();
    this.body.destroy();
  }

  private readonly onData = (chunk: Buffer): void => {
    // An empty chunk would be the last one.
    if (chunk.length === 0) return;
    this.bytesSent += chunk.length;
    if (this.length !== undefined && this.bytesSent > this.length) return this.refuse();
    if (!this.write(chunk)) this.body.pause();
    this.owner.onSent();
  };

  private readonly onEnd = (): void => {
    if (this.length !== undefined && this.bytesSent !== this.length) return this.refuse();
    this.detach();
    if (this.length === undefined) this.socket.write('0\r\n\r\n', 'latin1');
    this.owner.onSent();
  };

  private write(chunk: Buffer): boolean {
    const { socket } = this;
    if (this.length !== undefined) return socket.write(chunk);
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    socket.write(chunk);
    const takesMore = socket.write('\r\n', 'latin1');
    socket.uncork();
    return takesMore;
  }

  private refuse(): void {
    this.stop();
    this.owner.onSendFailed(unsendableRequest(new Error('the body has another length than was said')));
  }

  private detach(): void {
    this.isDone = true;
    this.body.off('data', this.onData).off('end', this.onEnd);
  }
}
