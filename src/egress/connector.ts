import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { buildConnector } from 'undici';
import { literalAddress } from './host-resolver.js';
import { EgressGuard, type EgressKind } from './guard.js';

/** From the first packet to a usable connection, TLS included (api.md: 5 s). */
export const CONNECT_TIMEOUT_MS = 5000;

/** A host with several addresses gets a second try within the same time. */
const SHARED_TIMEOUT_MS = CONNECT_TIMEOUT_MS / 2;

type Connect = buildConnector.connector;
type ConnectOptions = buildConnector.Options;
type ConnectCallback = buildConnector.Callback;

/** Opens connections to addresses that the guard has just passed, and to nothing else. */
@Injectable()
export class EgressConnector {
  private readonly connectOnly = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
  private readonly connectShared = buildConnector({ timeout: SHARED_TIMEOUT_MS });

  constructor(private readonly guard: EgressGuard) {}

  /** A connector for undici's pools. Its errors: the guard's, HostNotFoundError, or the socket's. */
  for(kind: EgressKind): Connect {
    return (options, callback) => void this.deliver(options, kind, callback);
  }

  /** Opens one connection; SNI and certificate check keep the name, whatever address is taken. */
  async connect(options: ConnectOptions, kind: EgressKind): Promise<Socket> {
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
    const addresses = await this.guard.addressesOf(options.hostname, port, kind);
    const named = { ...options, servername: options.servername ?? serverNameOf(options.hostname) };
    const socket = await this.connectToFirst(addresses, named);
    try {
      this.guard.confirmPeer(options.hostname, socket.remoteAddress, addresses);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket;
  }

  private async deliver(options: ConnectOptions, kind: EgressKind, callback: ConnectCallback): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.connect(options, kind);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    callback(null, socket);
  }

  private async connectToFirst(addresses: readonly string[], options: ConnectOptions): Promise<Socket> {
    const [first, second] = addresses;
    if (second === undefined) return open(this.connectOnly, { ...options, hostname: first });
    try {
      return await open(this.connectShared, { ...options, hostname: first });
    } catch {
      return open(this.connectShared, { ...options, hostname: second });
    }
  }
}

function open(connect: Connect, options: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const callback: ConnectCallback = (error, socket) => (error ? reject(error) : resolve(socket as Socket));
    connect(options, callback);
  });
}

/** TLS names hosts, never addresses. */
function serverNameOf(hostname: string): string | undefined {
  return literalAddress(hostname) === undefined ? hostname : undefined;
}
