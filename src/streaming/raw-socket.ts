import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { AppConfig } from '../config/config.js';
import { Handshake, refuseUpgrade, type VerifiedCredential } from './handshake.js';
import { LiveSessions } from './live-sessions.js';
import { RawConnection } from './raw-connection.js';
import { SessionServices } from './session-services.js';
import { StreamSession } from './stream-session.js';

const PATH = '/ws';
/** Browsers cannot set headers: `new WebSocket(url, ['gpuproxy.v1', 'bearer.<token>'])`. */
export const SUBPROTOCOL = 'gpuproxy.v1';
const PING_EVERY_MS = 25_000;
/** How long a client may take to answer a close before its socket is destroyed. */
const CLOSE_TIMEOUT_MS = 5000;

/** The plain WebSocket at /ws: JSON frames. */
@Injectable()
export class RawSocket implements OnApplicationShutdown {
  private readonly server: WebSocketServer;
  private readonly connections = new Set<RawConnection>();
  private readonly pinging: NodeJS.Timeout;

  constructor(
    config: AppConfig,
    private readonly handshake: Handshake,
    private readonly services: SessionServices,
    private readonly live: LiveSessions,
  ) {
    // `closeTimeout` is missing in the types.
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload: config.streaming.maxMessageBytes,
      perMessageDeflate: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    };
    this.server = new WebSocketServer(options);
    this.pinging = setInterval(() => this.pingAll(), PING_EVERY_MS).unref();
  }

  /** True when the path is ours. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== PATH) return false;
    socket.on('error', () => socket.destroy());
    void this.accept(request, socket, head);
    return true;
  }

  /** A half-open peer answers no ping and is let go after the second. */
  pingAll(): void {
    this.connections.forEach((connection) => connection.ping());
  }

  onApplicationShutdown(): void {
    clearInterval(this.pinging);
    this.connections.forEach((connection) => connection.terminate());
    this.server.close();
  }

  private async accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const verified = await this.handshake.admit(request);
      const address = this.handshake.addressOf(request);
      this.server.handleUpgrade(request, socket, head, (client) =>
        this.converse(client, new RawConnection(client, socket, address), verified),
      );
    } catch (error) {
      refuseUpgrade(socket, error);
    }
  }

  private converse(client: WebSocket, connection: RawConnection, verified?: VerifiedCredential): void {
    const session = new StreamSession(connection, this.services);
    this.live.add(session);
    this.connections.add(connection);
    client.on('pong', () => (connection.isAlive = true));
    client.on('message', (data, isBinary) => session.receive(isBinary ? '' : textOf(data)));
    // `ws` has begun to close with the fitting code: 1009 too big, 1007 no text, 1002 no frame.
    client.on('error', () => session.ended());
    client.on('close', () => {
      session.ended();
      this.live.remove(session);
      this.connections.delete(connection);
    });
    session.begin(verified);
  }
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}
