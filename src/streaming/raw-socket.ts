import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { WebSocketServer, type WebSocket } from 'ws';
import { AppConfig } from '../config/config.js';
import type { StreamConnection } from './connection.js';
import { Handshake, refuseUpgrade, type VerifiedCredential } from './handshake.js';
import { LiveSessions } from './live-sessions.js';
import { SessionServices } from './session-services.js';
import { StreamSession } from './stream-session.js';

const PATH = '/ws';
/** Browsers cannot set headers: `new WebSocket(url, ['gpuproxy.v1', 'bearer.<token>'])`. */
export const SUBPROTOCOL = 'gpuproxy.v1';
const PING_EVERY_MS = 25_000;

/** The plain WebSocket at /ws: JSON frames. */
@Injectable()
export class RawSocket implements OnApplicationShutdown {
  private readonly server: WebSocketServer;
  private readonly alive = new WeakSet<WebSocket>();
  private readonly pinging: NodeJS.Timeout;

  constructor(
    config: AppConfig,
    private readonly handshake: Handshake,
    private readonly services: SessionServices,
    private readonly live: LiveSessions,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      maxPayload: config.streaming.maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
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

  onApplicationShutdown(): void {
    clearInterval(this.pinging);
    this.server.clients.forEach((client) => client.terminate());
    this.server.close();
  }

  private async accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const verified = await this.handshake.admit(request);
      const address = this.handshake.addressOf(request);
      this.server.handleUpgrade(request, socket, head, (client) => this.converse(client, address, verified));
    } catch (error) {
      refuseUpgrade(socket, error);
    }
  }

  private converse(client: WebSocket, address: string, verified: VerifiedCredential | undefined): void {
    const session = new StreamSession(connectionOf(client, address), this.services);
    this.live.add(session);
    this.alive.add(client);
    client.on('pong', () => this.alive.add(client));
    client.on('message', (data, isBinary) => session.receive(isBinary ? '' : textOf(data)));
    client.on('error', () => client.terminate());
    client.on('close', () => {
      session.ended();
      this.live.remove(session);
    });
    session.begin(verified);
  }

  /** A half-open peer answers no ping and is let go after the second. */
  private pingAll(): void {
    for (const client of this.server.clients) {
      if (!this.alive.delete(client)) client.terminate();
      else client.ping();
    }
  }
}

function connectionOf(client: WebSocket, address: string): StreamConnection {
  return {
    address,
    send: (frame) => client.send(JSON.stringify(frame)),
    close: (code, reason) => client.close(code, reason),
    get bufferedBytes() {
      return client.bufferedAmount;
    },
  };
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}
