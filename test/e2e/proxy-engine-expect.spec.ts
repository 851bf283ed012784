import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/http-server.js';
import { KEY, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin } from '../support/raw-upstream.js';

const MAX_BODY = 200_000;

let proxy: ProxyHarness;
let server: Server;
let answer: RequestListener;
let asked = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked += 1;
    answer(request, response);
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;
  proxy = await startProxy({ PROXY_MAX_BODY: String(MAX_BODY), PROXY_IDLE_TIMEOUT: '300ms' });
  proxy.setPools({ p: { on: [origin] }, dead: { on: [await refusedOrigin()] } });
});
beforeEach(() => {
  asked = 0;
  answer = (request, response) => request.pipe(response);
});
afterAll(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

const head = (
  length: number,
  { key = KEY, target = '/api/v1/gpu/pools/p/proxy/x', lines = [''] } = {},
): string =>
  [
    `POST ${target} HTTP/1.1`,
    'Host: proxy.test',
    `X-API-Key: ${key}`,
    'Expect: 100-continue',
    `Content-Length: ${length}`,
    ...lines.filter((line) => line !== ''),
    '',
    '',
  ].join('\r\n');

describe('Expect: 100-continue', () => {
  it.each([
    ['a body in one piece', 5],
    ['a body that passes through', 150_000],
  ])('is answered when the body is wanted: %s', async (_, length) => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write(head(length, { lines: ['Connection: close'] }));
    const [go] = (await once(socket, 'data')) as [Buffer];
    expect(go.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    let reply = '';
    socket.on('data', (chunk: Buffer) => (reply += chunk.toString('latin1')));
    socket.write('x'.repeat(length));
    await once(socket, 'close');
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(reply.match(/100 Continue/)).toBeNull();
  });

  it.each([
    ['a bad key', head(5, { key: 'wrong' }), 401],
    ['a body that is too large', head(MAX_BODY + 1), 413],
    ['a pool that is not there', head(5, { target: '/api/v1/gpu/pools/none/proxy/x' }), 404],
    ['a time limit that cannot be read', head(5, { lines: ['X-Timelimit: soon'] }), 400],
    ['an envelope that is too large', head(MAX_BODY + 1, { target: '/api/v1/gpu/proxy' }), 413],
    ['a model request that is too large', head(MAX_BODY + 1, { target: '/v1/chat/completions' }), 413],
  ])('is not answered before a refusal: %s', async (_, bytes, status) => {
    const reply = await sendRaw(proxy.port, bytes);
    expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(reply).toContain('Connection: close');
    expect(asked).toBe(0);
  });

  it('is not answered when a long body has nowhere to go', async () => {
    const reply = await sendRaw(proxy.port, head(150_000, { target: '/api/v1/gpu/pools/dead/proxy/x' }));
    expect(reply).toMatch(/^HTTP\/1\.1 502 /);
  });

  it('is the same for what stands behind the door', async () => {
    expect(await sendRaw(proxy.port, head(5, { target: '/elsewhere' }))).toMatch(/^HTTP\/1\.1 404 /);
    const reading = createHttpServer(() => false)((request, response) => request.pipe(response)) as Server;
    const port = await listen(reading);
    const socket = connect(port, '127.0.0.1');
    socket.write(head(5, { lines: ['Connection: close'] }));
    const [go] = (await once(socket, 'data')) as [Buffer];
    expect(go.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.end('hello');
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1\.1 200 [^]*hello/);
    reading.close();
  });

  it('of other things is a 417', async () => {
    const reply = await sendRaw(proxy.port, head(5).replace('100-continue', 'a-miracle'), '417');
    expect(reply).toMatch(/^HTTP\/1\.1 417 /);
  });
});
