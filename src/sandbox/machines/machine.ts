import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Exchange } from './exchange.js';
import type { MachineIdentity } from './machine-identity.js';
import type { MachineKnobs } from './machine-knobs.js';
import { listenAgain, listenOnAnyPort } from './machine-port.js';
import { MachineStats } from './machine-stats.js';
import { handlerOf, isHealthPath } from './routes.js';

/** A real HTTP server on loopback that stands for one mapped container port of a rented machine. */
export class Machine {
  readonly stats = new MachineStats();
  private readonly sockets = new Set<Socket>();
  private server: Server;
  private boundPort = 0;

  private constructor(
    readonly identity: MachineIdentity,
    readonly knobs: MachineKnobs,
    private readonly host: string,
  ) {}

  static async start(identity: MachineIdentity, knobs: MachineKnobs, host: string): Promise<Machine> {
    const machine = new Machine(identity, knobs, host);
    await machine.accept();
    return machine;
  }

  get port(): number {
    return this.boundPort;
  }

  get origin(): string {
    return `http://${this.host}:${this.boundPort}`;
  }

  /** Bytes sent to clients so far. */
  get bytesOut(): number {
    return [...this.sockets].reduce((sum, socket) => sum + socket.bytesWritten, this.stats.bytesOut);
  }

  /** Listens, on the same port as before when it has had one. */
  async accept(): Promise<void> {
    if (this.server?.listening) return;
    this.server = createServer(
      { keepAliveTimeout: 30_000 },
      (request, response) => void this.serve(request, response),
    );
    this.server.on('connection', (socket) => this.follow(socket));
    if (this.boundPort === 0) this.boundPort = await listenOnAnyPort(this.server, this.host);
    else await listenAgain(this.server, this.host, this.boundPort);
  }

  /** New connections are refused and open sockets destroyed, as when a host loses its network. */
  async refuse(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  private follow(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.stats.bytesOut += socket.bytesWritten;
      this.stats.bytesIn += socket.bytesRead;
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.stats.requests += 1;
    this.stats.inFlight += 1;
    response.once('close', () => (this.stats.inFlight -= 1));
    try {
      const exchange = new Exchange(request, response, await readBody(request), this.identity, this.knobs);
      if (this.knobs.latencyMs > 0) await delay(this.knobs.latencyMs);
      await this.answer(exchange);
    } catch (error) {
      response.destroy(error as Error);
    }
  }

  private async answer(exchange: Exchange): Promise<void> {
    const { path } = exchange;
    if (this.knobs.isFailing) return exchange.sendJson(500, { error: 'CUDA error: out of memory' });
    if (this.knobs.isUnhealthy && isHealthPath(path)) return exchange.sendJson(503, { error: 'not ready' });
    await handlerOf(exchange.request.method ?? 'GET', path, this.identity.model)(exchange, this.stats);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
