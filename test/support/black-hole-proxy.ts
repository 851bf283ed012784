import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface BlackHoleProxy {
  port: number;
  /** From now on nothing passes and nothing is closed: a half-open connection, as a lost route makes it. */
  swallow(): void;
  /** New connections pass again; those swallowed stay lost. */
  restore(): void;
  close(): Promise<void>;
}

/** A TCP relay on 127.0.0.1 in front of `targetPort` that can swallow what it should pass on. */
export async function startBlackHoleProxy(targetPort: number): Promise<BlackHoleProxy> {
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    keep(client);
    if (isSwallowing) return;
    const target = keep(connect(targetPort, '127.0.0.1'));
    client.pipe(target).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => {
      isSwallowing = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    restore: () => {
      isSwallowing = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
