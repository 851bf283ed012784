import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { readPieces, send, type Outgoing } from './transport.js';

const GET: Outgoing = { method: 'GET', headers: {}, headTimeoutMs: 5000, idleTimeoutMs: 5000 };

describe('send', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** A server that says `text` to each connection and then keeps still. */
  async function speaking(text: string): Promise<URL> {
    server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.write(text));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  it('gives up on a server that never answers', async () => {
    const url = await speaking('');
    await expect(send(url, { ...GET, headTimeoutMs: 50 })).rejects.toMatchObject({
      exitStatus: 3,
      problem: { code: 'connection_lost', detail: `lost ${url.origin}: no answer within 0.05 s` },
    });
  });

  it('gives up on an answer that falls silent', async () => {
    const url = await speaking('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    const response = await send(url, { ...GET, idleTimeoutMs: 50 });
    const read = async (): Promise<void> => {
      for await (const piece of readPieces(url, response)) expect(piece.toString()).toBe('half');
    };
    await expect(read()).rejects.toMatchObject({ exitStatus: 3, problem: { code: 'connection_lost' } });
  });

  it('calls what does not speak HTTP a lost connection', async () => {
    const url = await speaking('SSH-2.0-OpenSSH\r\n');
    await expect(send(url, GET)).rejects.toMatchObject({
      exitStatus: 3,
      problem: { code: 'connection_lost' },
    });
  });

  it('ends with the reason of the signal', async () => {
    const url = await speaking('');
    const reason = new Error('stopped');
    const controller = new AbortController();
    const sending = send(url, { ...GET, signal: controller.signal });
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
  });
});
