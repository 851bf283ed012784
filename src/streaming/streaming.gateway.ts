import type { Server as HttpServer } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Server, type Socket } from 'socket.io';
import { isDomainError } from '../common/domain-error.js';
import { AppConfig } from '../config/config.js';
import { Handshake, type VerifiedCredential } from './handshake.js';
import { LiveSessions } from './live-sessions.js';
import { SessionServices } from './session-services.js';
import { SocketIoConnection } from './socket-io-connection.js';
import { StreamAccess } from './stream-access.js';
import { StreamSession } from './stream-session.js';

/** Upgrades that socket.io's own listener answers. */
export function isSocketIo({ url = '' }: { url?: string }): boolean {
  return /^\/socket\.io\/?(?:\?|$)/.test(url);
}

/** socket.io at /socket.io: the same frames as /ws, their type as the event's name and the rest as its payload. */
@Injectable()
export class StreamingGateway implements OnApplicationShutdown {
  private server?: Server;

  constructor(
    private readonly config: AppConfig,
    private readonly handshake: Handshake,
    private readonly access: StreamAccess,
    private readonly services: SessionServices,
    private readonly live: LiveSessions,
  ) {}

  /** Takes its own path from the HTTP server and leaves foreign upgrades alone. */
  attach(httpServer: HttpServer): void {
    const { corsOrigins } = this.config.server;
    this.server = new Server(httpServer, {
      destroyUpgrade: false,
      serveClient: false,
      maxHttpBufferSize: this.config.streaming.maxMessageBytes,
      perMessageDeflate: false,
      cors:
        corsOrigins.length > 0 ? { origin: corsOrigins.includes('*') ? '*' : [...corsOrigins] } : undefined,
    });
    this.server.use((socket, next) => void this.admit(socket, next));
    this.server.on('connection', (socket) => this.converse(socket));
  }

  async onApplicationShutdown(): Promise<void> {
    this.server?.disconnectSockets(true);
    this.server?.engine.close();
    await Promise.resolve();
  }

  private async admit(socket: Socket, next: (error?: Error) => void): Promise<void> {
    try {
      socket.data = {
        verified: (await this.handshake.admit(socket.request)) ?? (await this.fromAuth(socket)),
      };
      next();
    } catch (error) {
      next(connectError(error));
    }
  }

  /** socket.io's own way: `io(url, { auth: { token } })`. */
  private async fromAuth({ handshake, request }: Socket): Promise<VerifiedCredential | undefined> {
    const { token } = handshake.auth as { token?: unknown };
    if (typeof token !== 'string' || token === '') return undefined;
    return { token, caller: await this.access.verify(token, this.handshake.addressOf(request)) };
  }

  private converse(socket: Socket): void {
    const connection = new SocketIoConnection(socket, this.handshake.addressOf(socket.request));
    const session = new StreamSession(connection, this.services);
    this.live.add(session);
    socket.onAny((type: string, payload: unknown) => session.receive({ ...asObject(payload), type }));
    socket.on('disconnect', () => {
      session.ended();
      this.live.remove(session);
    });
    session.begin((socket.data as { verified?: VerifiedCredential }).verified);
  }
}

/** Binary payloads are none of ours; spread, each of their bytes would become a property. */
const asObject = (payload: unknown): Record<string, unknown> =>
  typeof payload === 'object' && payload !== null && !Array.isArray(payload) && !ArrayBuffer.isView(payload)
    ? (payload as Record<string, unknown>)
    : {};

/** socket.io shows `data` to the client beside the message. */
function connectError(error: unknown): Error {
  const code = isDomainError(error) ? error.code : 'internal_error';
  return Object.assign(new Error(code), { data: { code } });
}
