import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { WsClient, type Frame } from './ws-client.js';

/** A streaming client in a test, whatever its transport. */
export interface StreamClient {
  readonly frames: readonly Frame[];
  send(frame: { type: string } & Record<string, unknown>): void;
  expect(fits: (frame: Frame) => boolean, withinMs?: number): Promise<Frame>;
  isClosed(): boolean;
  /** The code with which the server closed it, once it has. */
  closeCode(): number | undefined;
  close(): void;
}

export interface StreamTransport {
  name: string;
  /** With a credential in the handshake, or without one. */
  open(url: string, token?: string): Promise<StreamClient>;
  /** The error code with which the handshake is refused. */
  refusal(url: string, token: string): Promise<string>;
}

const SERVER_EVENTS = [
  'authenticated',
  'subscribed',
  'unsubscribed',
  'snapshot',
  'event',
  'gap',
  'pong',
  'error',
  'chunk',
  'completed',
  'failed',
  'closing',
];

async function openRaw(url: string, token?: string): Promise<StreamClient> {
  const client = await WsClient.open(`${url}/ws`, token ? { headers: { 'x-api-key': token } } : {});
  return {
    frames: client.frames,
    send: (frame) => client.send(frame),
    expect: (fits, withinMs) => client.expect(fits, withinMs),
    isClosed: () => client.closed !== undefined,
    closeCode: () => client.closed?.code,
    close: () => client.close(),
  };
}

function socketIo(url: string, token?: string): Socket {
  const auth = token === undefined ? {} : { token };
  return io(url, { auth, transports: ['websocket'], reconnection: false, forceNew: true });
}

async function openSocketIo(url: string, token?: string): Promise<StreamClient> {
  const socket = socketIo(url, token);
  const frames: Frame[] = [];
  const listeners = new Set<() => void>();
  for (const type of SERVER_EVENTS) {
    socket.on(type, (payload: object = {}) => {
      frames.push({ ...payload, type });
      listeners.forEach((wake) => wake());
    });
  }
  await once(socket as unknown as NodeJS.EventEmitter, 'connect');
  const expectFrame = async (fits: (frame: Frame) => boolean, withinMs = 15_000): Promise<Frame> => {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const found = frames.find(fits);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`not heard within ${withinMs} ms: ${fits.toString()}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          listeners.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, 200);
        listeners.add(wake);
      });
    }
  };
  return {
    frames,
    send: ({ type, ...payload }) => socket.emit(type, payload),
    expect: expectFrame,
    isClosed: () => socket.disconnected,
    // socket.io tells it in a frame before the end.
    closeCode: () => frames.find(({ type }) => type === 'closing')?.code as unknown as number | undefined,
    close: () => socket.disconnect(),
  };
}

/** Both transports of the hub: one suite runs against each. */
export const STREAM_TRANSPORTS: readonly StreamTransport[] = [
  {
    name: 'ws',
    open: openRaw,
    refusal: async (url, token) =>
      String(await WsClient.refusal(`${url}/ws`, { headers: { 'x-api-key': token } })),
  },
  {
    name: 'socket.io',
    open: openSocketIo,
    refusal: async (url, token) => {
      const socket = socketIo(url, token);
      const [error] = (await once(socket as unknown as NodeJS.EventEmitter, 'connect_error')) as [Error];
      socket.disconnect();
      return error.message;
    },
  },
];
