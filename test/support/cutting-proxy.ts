import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  port: number;
  /** Loses the `nth` piece that the server answers from now on, and with it the connection. */
  loseAnswer(nth: number): void;
  /** Whether that has come to pass. */
  readonly hasLost: boolean;
  /** Every piece takes so much longer, either way. */
  delay(ms: number): void;
  close(): Promise<void>;
}

/** A TCP relay on 127.0.0.1 in front of `targetPort` that loses answers: the server has done what nobody hears of. */
export async function startCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let left = Infinity;
  let delayMs = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.setNoDelay());
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const later = (act: () => void): void => void (delayMs > 0 ? setTimeout(act, delayMs) : act());
  const server = createServer((client) => {
    keep(client);
    const target = keep(connect(targetPort, '127.0.0.1'));
    client.on('data', (chunk) => later(() => target.write(chunk))).on('close', () => target.destroy());
    target
      .on('end', () => client.end())
      .on('data', (chunk) => {
        left -= 1;
        if (left === 0) return void client.destroy();
        later(() => client.write(chunk));
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswer: (nth) => (left = nth),
    get hasLost() {
      return left <= 0;
    },
    delay: (ms) => (delayMs = ms),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
