import type { Socket } from 'node:net';
import { UpstreamCall, type UpstreamListener, type UpstreamRequest } from './upstream-call.js';
import { UpstreamConnection, type ConnectionOwner } from './upstream-connection.js';
import { writeHead, type RequestHead } from './wire/request-head.js';

/**
 * The connections to one origin, without a cap: one request at a time on each, the latest used first, so that the
 * others can grow old and be closed.
 */
export class OriginConnections implements ConnectionOwner {
  private readonly all = new Set<UpstreamConnection>();
  private readonly idle: UpstreamConnection[] = [];
  private underWay = 0;
  private lastUsedAt = performance.now();
  private isDestroyed = false;

  constructor(
    /** As Host says it. */
    private readonly host: string,
    private readonly connect: () => Promise<Socket>,
  ) {}

  /** Requests under way. */
  get active(): number {
    return this.underWay;
  }

  /** Starts a request; everything that happens to it is told to the listener, never thrown. */
  send(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    this.underWay += 1;
    const call = new UpstreamCall(request, listener, this.onCallOver);
    const head = this.headOf(call);
    if (!head) return call;
    const connection = this.takeIdle();
    if (connection) start(connection, call, head);
    else void this.open(call, head);
    return call;
  }

  giveBack(connection: UpstreamConnection): void {
    this.idle.push(connection);
  }

  /** An idle one stays on the list until it is met there. */
  forget(connection: UpstreamConnection): void {
    this.all.delete(connection);
  }

  /** Closes those that have been idle for too long. */
  trim(): void {
    const now = performance.now();
    for (const connection of this.idle.splice(0)) {
      if (connection.isFresh(now)) this.idle.push(connection);
      else connection.close();
    }
  }

  isIdleSince(time: number): boolean {
    return this.underWay === 0 && this.lastUsedAt <= time;
  }

  destroy(): void {
    this.isDestroyed = true;
    for (const connection of this.all) connection.destroy();
  }

  private readonly onCallOver = (): void => {
    this.underWay -= 1;
    this.lastUsedAt = performance.now();
  };

  private headOf(call: UpstreamCall): RequestHead | undefined {
    const { method, path, headers, body } = call.request;
    const bodyBytes = body === null ? null : Buffer.isBuffer(body) ? body.length : undefined;
    try {
      return writeHead(this.host, { method, path, headers, bodyBytes });
    } catch (error) {
      call.failed(error as Error);
      return undefined;
    }
  }

  private takeIdle(): UpstreamConnection | undefined {
    const now = performance.now();
    for (;;) {
      const connection = this.idle.pop();
      if (!connection || connection.isFresh(now)) return connection;
      connection.close();
    }
  }

  /** A connection that nobody waits for any more is kept for the next. */
  private async open(call: UpstreamCall, head: RequestHead): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.connect();
    } catch (error) {
      call.failed(error as Error);
      return;
    }
    const connection = new UpstreamConnection(socket, this);
    this.all.add(connection);
    if (this.isDestroyed) connection.destroy();
    else if (call.isAbandoned) connection.rest();
    else start(connection, call, head);
  }
}

function start(connection: UpstreamConnection, call: UpstreamCall, head: RequestHead): void {
  call.sentOver(connection);
  connection.start(call, head);
}
