import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

/** A frame of the server, read loosely. */
export interface Frame {
  type: string;
  channel?: string;
  seq?: number;
  id?: string;
  code?: string;
  data?: Record<string, unknown>;
  channels?: string[];
  from?: number;
  to?: number;
  usage?: Record<string, number> | null;
}

/** A WebSocket client that keeps what it heard and can wait for what is to come. */
export class WsClient {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | undefined;
  private readonly waiting: (() => void)[] = [];

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      this.wake();
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.wake();
    });
    socket.on('error', () => undefined);
  }

  static async open(url: string, options: ClientOptions = {}, protocols: string[] = []): Promise<WsClient> {
    const client = new WsClient(new WebSocket(url.replace('http', 'ws'), protocols, options));
    await once(client.socket, 'open');
    return client;
  }

  /** The status with which an upgrade is refused. */
  static async refusal(url: string, options: ClientOptions = {}): Promise<number> {
    const socket = new WebSocket(url.replace('http', 'ws'), options);
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    socket.terminate();
    return response.statusCode;
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The first frame, heard or yet to come, that fits. */
  async expect(fits: (frame: Frame) => boolean, withinMs = 15_000): Promise<Frame> {
    return this.until(() => this.frames.find(fits), withinMs);
  }

  async expectClose(withinMs = 15_000): Promise<{ code: number; reason: string }> {
    return this.until(() => this.closed, withinMs);
  }

  close(): void {
    this.socket.terminate();
  }

  private async until<T>(look: () => T | undefined, withinMs: number): Promise<T> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`not heard within ${withinMs} ms: ${look.toString()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private wake(): void {
    this.waiting.splice(0).forEach((resume) => resume());
  }
}
