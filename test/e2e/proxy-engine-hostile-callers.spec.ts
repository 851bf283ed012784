import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/http-server.js';
import { KEY, deferred, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';

const PATH = '/api/v1/gpu/pools/p/proxy/x';

let proxy: ProxyHarness;
let server: Server;
let seen: IncomingMessage[] = [];
let upstreamEnd: (isComplete: boolean) => void = () => undefined;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    request.on('close', () => upstreamEnd(request.complete)).on('error', () => undefined);
    request.pipe(response);
  });
  proxy = await startProxy({ PROXY_IDLE_TIMEOUT: '400ms', PROXY_RATE_LIMIT_PER_MINUTE: '0' });
  proxy.addPool('p', [`http://127.0.0.1:${await listen(server)}`]);
});
beforeEach(() => {
  seen = [];
});
afterEach(async () => {
  await proxy.door.whenIdle();
  const counts = [proxy.balancer.load('i0')?.activeConnections, proxy.upstream.activeCount];
  if (counts.some((count) => count !== 0)) throw new Error(`still counted as active: ${counts.join(', ')}`);
});
afterAll(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

const head = (lines: string[] = [], method = 'POST', target = PATH): string =>
  [`${method} ${target} HTTP/1.1`, 'Host: proxy.test', `X-API-Key: ${KEY}`, ...lines, '', ''].join('\r\n');

function open(bytes: string): Socket {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => undefined).write(Buffer.from(bytes, 'latin1'));
  return socket;
}

describe('a head', () => {
  it('of more headers than anybody needs is a 431, and the connection is closed', async () => {
    const few = Array.from({ length: 190 }, (_, index) => `X-${index}: 1`);
    const many = [...few, ...few];
    expect(await sendRaw(proxy.port, head([...few, 'Connection: close'], 'GET'))).toMatch(/^HTTP\/1\.1 200 /);
    const reply = await sendRaw(proxy.port, `${head(many, 'GET')}${head([], 'GET')}`);
    expect(reply).toMatch(/^HTTP\/1\.1 431 [^]*"too_many_headers"/);
    expect(reply.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(seen).toHaveLength(1);
  });

  it('with a header that frames the body behind a thousand others is understood all the same', async () => {
    const padding = Array.from({ length: 1200 }, () => 'a:');
    const reply = await sendRaw(
      proxy.port,
      `${head([...padding, 'Content-Length: 44'])}GET /smuggled HTTP/1.1\r\nHost: proxy.test\r\n\r\n`,
    );
    expect(reply.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(reply).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('without end is a 431', async () => {
    const reply = await sendRaw(proxy.port, head([`X-Long: ${'x'.repeat(40_000)}`], 'GET'));
    expect(reply).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('has its time, and a body too', () => {
    const own = createHttpServer(() => true)(() => undefined) as Server;
    expect([own.headersTimeout, own.requestTimeout]).toEqual([60_000, 600_000]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'may name a header %s',
    async (name) => {
      const reply = await sendRaw(proxy.port, head([`${name}: 1`, 'Connection: close'], 'GET'));
      expect(reply).toMatch(/^HTTP\/1\.1 200 /);
      expect(seen[0].rawHeaders).toContain(name);
    },
  );

  it('may name all of ours in Connection and changes nothing', async () => {
    const named = 'content-length, host, via, x-request-id, forwarded, transfer-encoding, x-api-key';
    const reply = await sendRaw(
      proxy.port,
      `${head([`Connection: close, ${named}`, 'Content-Length: 5'])}hello`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 200 [^]*hello/);
    expect(seen[0].headers).toMatchObject({ via: '1.1 gpuproxy', 'content-length': '5' });
    expect(seen[0].headers).not.toHaveProperty('x-api-key');
  });

  it('with CONNECT opens no tunnel', async () => {
    const reply = await sendRaw(proxy.port, 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n');
    expect(reply).not.toMatch(/^HTTP\/1\.1 2/);
  });
});

describe('a body', () => {
  it.each([
    ['a chunk size that is no number', '5\r\nhello\r\nzz\r\nx\r\n0\r\n\r\n'],
    ['a chunk size beyond all numbers', `5\r\nhello\r\n${'F'.repeat(20)}\r\nx`],
    ['a chunk longer than its size', '5\r\nhello-and-more\r\n0\r\n\r\n'],
    ['a chunk in bare line feeds', '5\nhello\n0\n\n'],
    ['a space in the chunk size', '5 \r\nhello\r\n0\r\n\r\n'],
  ])('with %s never arrives as a whole one', async (_, chunks) => {
    const ended = deferred<boolean>();
    upstreamEnd = ended.resolve;
    const reply = await sendRaw(proxy.port, `${head(['Transfer-Encoding: chunked'])}${chunks}`);
    expect(reply).not.toMatch(/^HTTP\/1\.1 200 [^]*0\r\n\r\n$/);
    expect(seen.length > 0 && (await ended.promise)).toBe(false);
  });

  it.each([
    ['in chunks', 'Transfer-Encoding: chunked', `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`],
    ['of known length', 'Content-Length: 100000', 'x'.repeat(80_000)],
  ])('%s whose sender leaves never arrives as a whole one', async (_, line, bytes) => {
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const ended = deferred<boolean>();
      upstreamEnd = ended.resolve;
      const socket = open(`${head([line])}${bytes}`);
      await once(socket, 'data');
      socket[leave]();
      expect(await ended.promise).toBe(false);
      socket.destroy();
      await proxy.door.whenIdle();
    }
  });

  it('that nobody wanted is not the next request', async () => {
    const smuggled = 'GET /v1/models HTTP/1.1\r\nHost: proxy.test\r\n\r\n';
    const refused = head([`Content-Length: ${smuggled.length}`], 'POST', '/api/v1/gpu/pools/none/proxy/');
    const reply = await sendRaw(proxy.port, `${refused}${smuggled}${head(['Connection: close'], 'GET')}`);
    expect(reply.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200']);
    expect(seen.map(({ url }) => url)).toEqual(['/x']);
  });

  it('may end with trailers, which stay here', async () => {
    const trailers = 'Content-Length: 99\r\nX-API-Key: other\r\nTransfer-Encoding: gzip\r\nX-Sum: 1\r\n';
    const reply = await sendRaw(
      proxy.port,
      `${head(['Transfer-Encoding: chunked', 'Trailer: X-Sum', 'Connection: close'])}5\r\nhello\r\n0\r\n${trailers}\r\n`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 (?:200|400) /);
    expect(seen.flatMap(({ rawTrailers }) => rawTrailers)).toEqual([]);
  });
});

describe('many at once', () => {
  it('requests in one packet are answered in their order', async () => {
    const count = 200;
    const requests = Array.from({ length: count }, (_, index) => head([], 'GET', `${PATH}?n=${index}`));
    const reply = await sendRaw(proxy.port, `${requests.join('')}${head(['Connection: close'], 'GET')}`);
    expect(reply.match(/HTTP\/1\.1 200 /g)).toHaveLength(count + 1);
  });

  it('connections that come and go in the middle of their heads leave nothing', async () => {
    const sockets = Array.from({ length: 200 }, (_, index) => open(head().slice(0, 10 + index)));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    sockets.forEach((socket) => socket.destroy());
    expect(await sendRaw(proxy.port, head(['Connection: close'], 'GET'))).toMatch(/^HTTP\/1\.1 200 /);
  });
});
