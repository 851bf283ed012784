import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin } from '../support/raw-upstream.js';

let proxy: ProxyHarness;
let server: Server;
let origin = '';
let seen: IncomingMessage;
let plain: IncomingMessage;
let upstreamSocket: Socket;
let behave: (request: IncomingMessage, socket: Socket, head: Buffer) => void;

const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n';

const echo = (_: IncomingMessage, socket: Socket, head: Buffer): void => {
  socket.write(SWITCHING);
  socket.write(Buffer.concat([Buffer.from('welcome '), head]));
  socket.pipe(socket);
};

beforeAll(async () => {
  server = createServer((request, response) => {
    plain = request;
    void text(request).then((body) => response.end(`plain ${body}`));
  });
  server.on('upgrade', (request, socket, head) => {
    seen = request;
    upstreamSocket = socket as Socket;
    socket.on('error', () => socket.destroy());
    behave(request, socket as Socket, head);
  });
  origin = `http://127.0.0.1:${await listen(server)}`;
  proxy = await startProxy({ PROXY_FIRST_BYTE_TIMEOUT: '300ms', PROXY_IDLE_TIMEOUT: '100ms' });
  proxy.addPool('p', [origin]);
});

afterAll(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

const handshake = (lines: string[] = [], target = '/api/v1/gpu/pools/p/proxy/ws?q=1'): string =>
  [
    `GET ${target} HTTP/1.1`,
    'Host: proxy.test',
    'Connection: keep-alive, Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: chat, other',
    'Sec-WebSocket-Extensions: permessage-deflate',
    ...(lines.some((line) => /^x-api-key/i.test(line)) ? [] : [`X-API-Key: ${KEY}`]),
    ...lines,
    '',
    '',
  ].join('\r\n');

async function readUntil(socket: Socket, text: string): Promise<string> {
  let received = '';
  while (!received.includes(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received += chunk.toString('latin1');
  }
  return received;
}

async function openTunnel(first = ''): Promise<{ client: Socket; reply: string }> {
  const client = connect(proxy.port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write(handshake() + first);
  return { client, reply: await readUntil(client, 'welcome ') };
}

describe('an offer to speak something else', () => {
  const offer = (method: string, lines: string[] = [], body = ''): string =>
    [
      `${method} /api/v1/gpu/pools/p/proxy/plain HTTP/1.1`,
      'Host: proxy.test',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
      `X-API-Key: ${KEY}`,
      ...lines,
      '',
      body,
    ].join('\r\n');

  it('is passed over, request after request, with and without a body', async () => {
    const many = Array.from({ length: 15 }, () => offer('POST', ['Content-Length: 5'], 'hello'));
    const reply = await sendRaw(proxy.port, `${many.join('')}${offer('GET', ['Connection: close'])}`);
    expect(reply.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(16);
    expect(reply.match(/plain hello/g)).toHaveLength(15);
    expect(plain.headers).not.toHaveProperty('upgrade');
    expect(plain.headers).not.toHaveProperty('http2-settings');
    await proxy.door.whenIdle();
  });

  it('is passed over when the rest of the body comes later', async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write(offer('POST', ['Content-Length: 11', 'Expect: 100-continue'], ''));
    await readUntil(socket, '100 Continue');
    socket.write('hello ');
    socket.write('world');
    expect(await readUntil(socket, 'world')).toContain('plain hello world');
    socket.destroy();
  });
});

describe('a WebSocket through the proxy', () => {
  it('passes handshake and bytes both ways, also those that came early', async () => {
    behave = echo;
    const { client, reply } = await openTunnel('early');
    expect(reply).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(reply).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(reply).toContain('Sec-WebSocket-Protocol: chat');
    expect(reply).toContain('X-GPUProxy-Instance: i0');
    if (!reply.includes('early')) await readUntil(client, 'early');
    client.write(Buffer.from([0x81, 0x02, 0x68, 0x69]));
    expect(await readUntil(client, 'hi')).toBe('\x81\x02hi');
    expect(seen.url).toBe('/ws?q=1');
    expect(seen.headers).toMatchObject({
      host: new URL(origin).host,
      upgrade: 'websocket',
      'sec-websocket-protocol': 'chat, other',
      'sec-websocket-extensions': 'permessage-deflate',
      via: '1.1 gpuproxy',
    });
    expect(seen.headers['x-api-key']).toBeUndefined();
    expect(proxy.door.activeCount).toBe(1);
    expect(proxy.balancer.load('i0')?.activeConnections).toBe(1);
    const booked = proxy.nextUsage();
    client.end();
    expect(await booked).toMatchObject({ protocol: 'websocket', status: 101, bytesOut: expect.any(Number) });
    await proxy.door.whenIdle();
    expect(proxy.balancer.load('i0')?.activeConnections).toBe(0);
  });

  it('may be silent for longer than an answer may', async () => {
    behave = echo;
    const { client } = await openTunnel();
    await new Promise((resolve) => setTimeout(resolve, 250));
    client.write('still here');
    expect(await readUntil(client, 'still here')).toBe('still here');
    client.destroy();
    await proxy.door.whenIdle();
  });

  it('ends on both sides when either dies', async () => {
    behave = echo;
    const first = await openTunnel();
    const clientClosed = once(first.client, 'close');
    upstreamSocket.resetAndDestroy();
    await clientClosed;
    const second = await openTunnel();
    const upstreamClosed = once(upstreamSocket, 'close');
    second.client.resetAndDestroy();
    await upstreamClosed;
    await proxy.door.whenIdle();
    expect(proxy.balancer.load('i0')?.activeConnections).toBe(0);
  });

  it('ends when its time limit is over, and at the end of a drain', async () => {
    behave = echo;
    const client = connect(proxy.port, '127.0.0.1');
    client.write(handshake(['X-Timelimit: 150ms']));
    client.resume();
    await once(client, 'close');
    const second = await openTunnel();
    const closed = once(second.client, 'close');
    proxy.door.closeTunnels();
    await closed;
    await proxy.door.whenIdle();
    expect(proxy.usage.slice(-2)).toMatchObject([{ status: 101 }, { status: 101 }]);
  });

  it('relays a refusal by the upstream as it is', async () => {
    behave = (_, socket) =>
      void socket.end(
        'HTTP/1.1 403 Nope\r\nX-Why: origin\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope',
      );
    const reply = await sendRaw(proxy.port, handshake());
    expect(reply).toMatch(/^HTTP\/1\.1 403 Nope\r\n/);
    expect(reply).toContain('X-Why: origin');
    expect(reply.endsWith('\r\n\r\nnope')).toBe(true);
    expect(proxy.usage.at(-1)).toMatchObject({ status: 403, protocol: 'websocket' });
  });

  it('is cut off when a refusal never comes to its end', async () => {
    behave = (_, socket) => void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nbecause');
    const reply = await sendRaw(proxy.port, handshake());
    expect(reply).toMatch(/^HTTP\/1\.1 403 [^]*because$/);
    await proxy.door.whenIdle();
    expect(proxy.balancer.load('i0')?.activeConnections).toBe(0);
  });

  it('is refused by us before the upstream is asked', async () => {
    behave = () => expect.unreachable();
    expect(await sendRaw(proxy.port, handshake(['X-API-Key: wrong']))).toMatch(
      /^HTTP\/1\.1 401 [^]*"invalid_api_key"/,
    );
    expect(await sendRaw(proxy.port, handshake(['Via: 1.1 gpuproxy']))).toMatch(/^HTTP\/1\.1 508 /);
    expect(await sendRaw(proxy.port, handshake([], '/api/v1/gpu/pools/none/proxy/'))).toMatch(
      /^HTTP\/1\.1 404 /,
    );
    await proxy.door.whenIdle();
  });

  it('waits for the answers to what was sent before it on its connection', async () => {
    behave = echo;
    const before = `GET /api/v1/gpu/pools/p/proxy/before HTTP/1.1\r\nHost: proxy.test\r\nX-API-Key: ${KEY}\r\n\r\n`;
    const client = connect(proxy.port, '127.0.0.1');
    client.on('error', () => undefined).write(before + before + handshake());
    const reply = await readUntil(client, 'welcome ');
    expect(reply.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 101']);
    client.destroy();
    const leaving = connect(proxy.port, '127.0.0.1');
    leaving.write(before + handshake(), () => leaving.resetAndDestroy());
    await once(leaving, 'close');
    await proxy.door.whenIdle();
  });

  it('is a 504 when the upstream does not answer and a 502 when it hangs up', async () => {
    behave = () => undefined;
    expect(await sendRaw(proxy.port, handshake())).toMatch(
      /^HTTP\/1\.1 504 [^]*"upstream_first_byte_timeout"/,
    );
    behave = (_, socket) => void socket.destroy();
    expect(await sendRaw(proxy.port, handshake())).toMatch(/^HTTP\/1\.1 502 /);
    await proxy.door.whenIdle();
    expect(proxy.balancer.load('i0')?.activeConnections).toBe(0);
  });

  it('goes to another instance when one refuses connections', async () => {
    const own = await startProxy();
    own.addPool('p', [await refusedOrigin(), origin]);
    behave = echo;
    const client = connect(own.port, '127.0.0.1');
    client.write(handshake());
    const reply = await readUntil(client, 'welcome ');
    expect(reply).toContain('X-GPUProxy-Instance: i1\r\nX-GPUProxy-Attempts: 2');
    client.destroy();
    await own.close();
  });
});
