import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { StreamConnection } from './connection.js';
import type { ServerFrame } from './frames.js';
import type { StreamMessage } from './stream-message.js';
import { textFrame } from './text-frame.js';

/**
 * One client of the plain WebSocket. Messages are written to the socket itself, whole: `ws` would frame them for each
 * client again and write head and text apart. Without compression its sender keeps no queue that they could overtake.
 */
export class RawConnection implements StreamConnection {
  /** Whether the client has answered the last ping. */
  isAlive = true;
  private readonly draining: (() => void)[] = [];

  constructor(
    private readonly client: WebSocket,
    private readonly socket: Duplex,
    readonly address: string,
  ) {}

  send(frame: ServerFrame, json = JSON.stringify(frame)): void {
    this.write(textFrame(json));
  }

  share(message: StreamMessage): void {
    this.write(message.bytes);
  }

  close(code: number, reason: string): void {
    this.client.close(code, reason);
  }

  get bufferedBytes(): number {
    return this.socket.writableLength;
  }

  onceDrained(listener: () => void): void {
    if (!this.socket.writableNeedDrain) setImmediate(listener);
    else if (this.draining.push(listener) === 1)
      this.socket.once('drain', () => this.draining.splice(0).forEach((drained) => drained()));
  }

  /** Lets go of a peer that has not answered since the last time, and asks the others. */
  ping(): void {
    if (!this.isAlive) return this.client.terminate();
    this.isAlive = false;
    this.client.ping();
  }

  terminate(): void {
    this.client.terminate();
  }

  private write(bytes: Buffer): void {
    if (this.client.readyState === WebSocket.OPEN) this.socket.write(bytes);
  }
}
