import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Takes an upgrade request, or answers false when its path is somebody else's. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
const OF_THE_UPGRADE: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/**
 * The server's only listener for upgrades: the first handler that knows the path takes the socket; an unknown path is
 * answered at once, because a socket that nobody answers hangs until its client gives up. Offers of other protocols
 * than WebSocket are passed over: clients that would like HTTP/2 (Java's own, `curl --http2`) ask on any request.
 */
export function dispatchUpgrades(server: Server, handlers: readonly UpgradeHandler[]): void {
  server.on('upgrade', (request, socket, head) => {
    const destroy = (): void => void socket.destroy();
    socket.on('error', destroy);
    whenAnswered(socket, () => {
      if (!isWebSocket(request)) {
        socket.off('error', destroy);
        serveWithoutUpgrade(server, request, socket, head);
      } else if (!handlers.some((handle) => handle(request, socket, head))) {
        socket.end(NOT_FOUND);
      }
    });
  });
}

/** node says by this property which answer a connection is busy with; it tells in no other way. */
const CURRENT_ANSWER = '_httpMessage';

interface AnsweringSocket extends Duplex {
  [CURRENT_ANSWER]?: ServerResponse | null;
}

/** Sent behind others without waiting for their answers, a request has to wait itself: the connection is in use. */
function whenAnswered(socket: AnsweringSocket, go: () => void): void {
  const answer = socket[CURRENT_ANSWER];
  if (!answer) return go();
  answer.once('close', () => {
    if (!socket.destroyed) whenAnswered(socket, go);
  });
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return String(headers.upgrade).toLowerCase() === 'websocket';
}

/**
 * RFC 9110 section 7.8: a server may ignore the offer. node has given up the connection to whoever upgrades it, so the
 * request is read once more without its offer.
 */
function serveWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index], rawHeaders[index + 1]];
    const lower = name.toLowerCase();
    if (lower === 'connection') lines.push(`${name}: ${withoutUpgrade(value)}`);
    else if (!OF_THE_UPGRADE.has(lower)) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !OF_THE_UPGRADE.has(option.toLowerCase())).join(', ');
}
