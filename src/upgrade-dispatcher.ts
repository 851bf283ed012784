import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Takes an upgrade request, or answers false when its path is somebody else's. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/**
 * The server's only listener for upgrades: the first handler that knows the path takes the socket; an unknown path is
 * answered at once, because a socket that nobody answers hangs until its client gives up.
 */
export function dispatchUpgrades(server: Server, handlers: readonly UpgradeHandler[]): void {
  server.on('upgrade', (request, socket, head) => {
    if (handlers.some((handle) => handle(request, socket, head))) return;
    socket.on('error', () => socket.destroy());
    socket.end(NOT_FOUND);
  });
}
