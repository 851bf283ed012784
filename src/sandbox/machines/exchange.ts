import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MachineIdentity } from './machine-identity.js';
import type { MachineKnobs } from './machine-knobs.js';

/** One request to a machine, with the few ways its handlers answer. */
export class Exchange {
  private chunks = 0;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly body: Buffer,
    readonly identity: MachineIdentity,
    private readonly knobs: MachineKnobs,
  ) {}

  get path(): string {
    return (this.request.url ?? '/').split('?', 1)[0];
  }

  /** The body as a JSON object; undefined when it is none. */
  json(): Record<string, unknown> | undefined {
    try {
      const value: unknown = JSON.parse(this.body.toString('utf8'));
      return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
      return undefined;
    }
  }

  sendJson(status: number, value: unknown): void {
    this.send(status, 'application/json', JSON.stringify(value));
  }

  send(status: number, contentType: string, text: string): void {
    const bytes = Buffer.from(text);
    this.response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length });
    if (this.knobs.cutAfterChunks === undefined || status >= 400) {
      this.response.end(bytes);
      return;
    }
    this.response.write(bytes.subarray(0, bytes.length >> 1), () => this.request.socket.destroy());
  }

  /** Sends server-sent events, one by one with the token delay between; ends early when nobody reads any more. */
  async stream(events: Iterable<unknown>): Promise<void> {
    this.response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    this.response.flushHeaders();
    for (const event of events) {
      if (this.isOver()) return;
      this.chunks += 1;
      this.response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
      if (this.knobs.tokenDelayMs > 0) await delay(this.knobs.tokenDelayMs);
    }
    this.response.end();
  }

  /** The client is gone, or the knob cuts the stream here. */
  private isOver(): boolean {
    const { cutAfterChunks } = this.knobs;
    if (cutAfterChunks !== undefined && this.chunks >= cutAfterChunks) this.request.socket.destroy();
    return this.response.destroyed || this.request.socket.destroyed;
  }
}
