import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that speaks bytes: whatever an upstream may send, valid or not. */
export interface RawUpstream {
  origin: string;
  /** What has been received, one text per connection. */
  received: string[];
  sockets: Set<Socket>;
  /** Called before anything has been received. */
  onConnection?: (socket: Socket) => void;
  /** Resolves when a connection is closed by the other side. */
  nextClose(): Promise<void>;
  close(): Promise<void>;
}

/** Called each time that bytes arrive, with all that its connection has received so far. */
export type RawReply = (socket: Socket, received: string) => void;

export async function startRawUpstream(reply: RawReply | string): Promise<RawUpstream> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const closed: (() => void)[] = [];
  const answer: RawReply = typeof reply === 'string' ? answerWith(reply) : reply;
  const server = createServer((socket) => {
    const index = received.push('') - 1;
    sockets.add(socket);
    upstream.onConnection?.(socket);
    socket.on('data', (chunk) => {
      received[index] += chunk.toString('latin1');
      answer(socket, received[index]);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      closed.splice(0).forEach((wake) => wake());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: RawUpstream = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    sockets,
    nextClose: () => new Promise((resolve) => closed.push(resolve)),
    close: () => {
      sockets.forEach((socket) => socket.destroy());
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return upstream;
}

/** Answers once, as soon as a head has arrived, and closes. */
function answerWith(bytes: string): RawReply {
  return (socket, received) => {
    if (received.includes('\r\n\r\n')) socket.end(Buffer.from(bytes, 'latin1'));
  };
}

/** An address that refuses connections: it was free a moment ago. */
export async function refusedOrigin(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
