import type { Socket } from 'socket.io';
import type { StreamConnection } from './connection.js';
import type { ServerFrame } from './frames.js';
import type { StreamMessage } from './stream-message.js';

interface EnginePacket {
  data?: unknown;
}

/** One client of socket.io: a frame's type is the event's name, the rest its payload. */
export class SocketIoConnection implements StreamConnection {
  /** Bytes that the transport is sending, and those that wait for it. */
  private underWay = 0;
  private waiting = 0;
  private draining: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    readonly address: string,
  ) {
    const { conn } = socket;
    conn.on('packetCreate', ({ data }: EnginePacket) => (this.waiting += sizeOf(data)));
    conn.on('flush', () => {
      this.underWay += this.waiting;
      this.waiting = 0;
    });
    conn.on('upgrade', () => this.watchTransport());
    this.watchTransport();
  }

  send({ type, ...payload }: ServerFrame): void {
    this.socket.emit(type, payload);
  }

  share({ frame }: StreamMessage): void {
    this.send(frame);
  }

  /** socket.io has no close codes, so the reason goes before. */
  close(code: number, reason: string): void {
    this.socket.emit('closing', { code, reason });
    this.socket.disconnect(true);
  }

  get bufferedBytes(): number {
    return this.underWay + this.waiting;
  }

  onceDrained(listener: () => void): void {
    if (this.bufferedBytes > 0) this.draining.push(listener);
    else setImmediate(listener);
  }

  /** A transport sends one batch at a time; the connection's own `drain` only says that it has been given one. */
  private watchTransport(): void {
    this.underWay = 0;
    this.socket.conn.transport.on('drain', () => {
      this.underWay = 0;
      this.draining.splice(0).forEach((listener) => listener());
    });
  }
}

const sizeOf = (data: unknown): number =>
  typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0;
