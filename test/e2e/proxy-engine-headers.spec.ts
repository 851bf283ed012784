import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KEY, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { startRawUpstream } from '../support/raw-upstream.js';

let proxy: ProxyHarness;
let trusting: ProxyHarness;
let server: Server;
let seen: IncomingMessage;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

const plain = (_: IncomingMessage, response: ServerResponse): void => void response.end('ok');

beforeAll(async () => {
  server = createServer((request, response) => {
    seen = request;
    answer(request, response);
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;
  proxy = await startProxy();
  trusting = await startProxy({ TRUSTED_PROXIES: '127.0.0.0/8' });
  for (const each of [proxy, trusting]) each.addPool('p', [origin]);
  answer = plain;
});

afterEach(() => {
  answer = plain;
});

afterAll(async () => {
  await proxy.close();
  await trusting.close();
  server.closeAllConnections();
  server.close();
});

const head = (lines: string[], target = '/api/v1/gpu/pools/p/proxy/x', method = 'GET'): string =>
  [`${method} ${target} HTTP/1.1`, 'Host: proxy.test', `X-API-Key: ${KEY}`, ...lines, '', ''].join('\r\n');

const ask = (lines: string[] = [], target?: string, method?: string, through = proxy): Promise<string> =>
  sendRaw(through.port, head([...lines, 'Connection: close'], target, method));

describe('what goes upstream', () => {
  it('leaves hop-by-hop headers and those that Connection names behind', async () => {
    await sendRaw(
      proxy.port,
      head([
        'Connection: close, X-Drop, Keep-Alive',
        'X-Drop: 1',
        'Keep-Alive: timeout=9',
        'Proxy-Connection: keep-alive',
        'Proxy-Authorization: Basic eA==',
        'TE: gzip, trailers',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
        'Trailer: X-Later',
        'X-Stays: 1',
      ]),
    );
    for (const name of [
      'x-drop',
      'keep-alive',
      'proxy-connection',
      'proxy-authorization',
      'http2-settings',
      'trailer',
    ]) {
      expect(seen.headers[name]).toBeUndefined();
    }
    expect(seen.headers['x-stays']).toBe('1');
    expect(seen.headers.te).toBe('trailers');
  });

  it('cannot lose our headers by naming them in Connection', async () => {
    await sendRaw(
      proxy.port,
      head(['Connection: close, Forwarded, Via, X-Request-Id, X-Forwarded-For, Host']),
    );
    expect(seen.headers.forwarded).toContain('for=127.0.0.1');
    expect(seen.headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(seen.headers.via).toBe('1.1 gpuproxy');
    expect(seen.headers['x-request-id']).toBeDefined();
  });

  it('carries the target as Host and our name in Via, behind those before us', async () => {
    await ask(['Via: 1.0 first, 1.1 second']);
    expect(seen.headers.host).toBe(`127.0.0.1:${(server.address() as { port: number }).port}`);
    expect(seen.headers.via).toBe('1.0 first, 1.1 second, 1.1 gpuproxy');
  });

  it('drops what a client says about itself and tells what we see', async () => {
    await ask([
      'X-Forwarded-For: 8.8.8.8',
      'Forwarded: for=8.8.8.8',
      'X-Real-IP: 8.8.8.8',
      'X-Forwarded-Proto: https',
    ]);
    expect(seen.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'proxy.test',
      forwarded: 'for=127.0.0.1;host="proxy.test";proto=http',
    });
    expect(seen.headers['x-real-ip']).toBeUndefined();
  });

  it("goes on with a trusted proxy's chain", async () => {
    await ask(
      ['X-Forwarded-For: 8.8.8.8', 'X-Forwarded-Proto: https', 'Forwarded: for=8.8.8.8'],
      undefined,
      'GET',
      trusting,
    );
    expect(seen.headers).toMatchObject({
      'x-forwarded-for': '8.8.8.8, 127.0.0.1',
      'x-forwarded-proto': 'https',
      forwarded: 'for=8.8.8.8, for=127.0.0.1;host="proxy.test";proto=http',
    });
  });

  it('keeps our key and payment data here and passes the rest when X-API-Key authenticates', async () => {
    await ask([
      'Authorization: Bearer upstream-token',
      'Cookie: a=b',
      'X-Preferred-Payment: card:4242424242424242:12/25:123',
      'X-Billing: Stripe',
    ]);
    expect(seen.headers).toMatchObject({ authorization: 'Bearer upstream-token', cookie: 'a=b' });
    for (const name of ['x-api-key', 'x-preferred-payment', 'x-billing'])
      expect(seen.headers[name]).toBeUndefined();
    expect(seen.rawHeaders.join()).not.toContain(KEY);
  });

  it('keeps Authorization and Cookie here when Authorization authenticates', async () => {
    const text = head(['Connection: close', 'Cookie: a=b']).replace(
      `X-API-Key: ${KEY}`,
      `Authorization: Bearer ${KEY}`,
    );
    expect(await sendRaw(proxy.port, text)).toContain('200 OK');
    expect(seen.headers.authorization).toBeUndefined();
    expect(seen.headers.cookie).toBeUndefined();
  });

  it('keeps our own keys and tokens here even beside X-API-Key', async () => {
    const token = `${Buffer.from('{"alg":"HS256","typ":"at+jwt"}').toString('base64url')}.e30.x`;
    for (const ours of [KEY, 'gpx_live_abc', token]) {
      await ask([`Authorization: Bearer ${ours}`]);
      expect(seen.headers.authorization).toBeUndefined();
    }
  });

  it('keeps duplicate headers apart and their bytes as they are', async () => {
    await ask(['X-Twice: one', 'X-Twice: two', 'X-Latin: \xe9\xff']);
    const values = seen.rawHeaders.filter(
      (_, index) => seen.rawHeaders[index - 1]?.toLowerCase() === 'x-twice',
    );
    expect(values).toEqual(['one', 'two']);
    expect(seen.headers['x-latin']).toBe('\xe9\xff');
  });

  it('keeps a good request id and replaces a bad one', async () => {
    expect(await ask(['X-Request-Id: abc-1'])).toContain('X-Request-Id: abc-1');
    expect(seen.headers['x-request-id']).toBe('abc-1');
    const reply = await ask(['X-Request-Id: not/good']);
    expect(seen.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(reply).toContain(`X-Request-Id: ${String(seen.headers['x-request-id'])}`);
  });

  it('has the path byte for byte, and stays on the target whatever it is', async () => {
    const base = '/api/v1/gpu/pools/p/proxy';
    for (const path of [
      '//evil.test/x',
      '/..%2f..%2fetc',
      '/a/../b',
      '/a%2Fb?c=%20d',
      '/%2e%2e/x',
      '/',
      '/?q',
      '/http://evil.test/',
    ]) {
      expect(await ask([], base + path)).toContain('200 OK');
      expect(seen.url).toBe(path);
    }
    await ask([], base);
    expect(seen.url).toBe('/');
    await ask([], `${base}?q=1`);
    expect(seen.url).toBe('/?q=1');
  });

  it('understands the absolute form of a request target', async () => {
    expect(await ask([], 'http://proxy.test/api/v1/gpu/pools/p/proxy/abs?x=1')).toContain('200 OK');
    expect(seen.url).toBe('/abs?x=1');
  });

  it('takes no other spelling of its routes', async () => {
    for (const target of [
      '//api/v1/gpu/pools/p/proxy/x',
      '/%61pi/v1/gpu/pools/p/proxy/x',
      '/API/v1/gpu/pools/p/proxy/x',
    ]) {
      expect(await ask([], target)).toContain('control plane');
    }
    expect(await ask([], '/api/v1/gpu/pools/p/proxyx')).toContain('control plane');
  });

  it('carries the headers that the pool has for its upstream, instead of the client’s', async () => {
    const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    proxy.addPool('p', [origin], { upstreamHeaders: { Authorization: 'Bearer of-the-pool' } });
    await ask(['Authorization: Bearer of-the-client']);
    expect(seen.headers.authorization).toBe('Bearer of-the-pool');
    proxy.addPool('p', [origin]);
  });
});

describe('requests that are refused', () => {
  it('when they have been here before', async () => {
    for (const via of ['1.1 gpuproxy', '1.1 other, 1.1 gpuproxy (x)', 'HTTP/1.1 GPUPROXY, 1.0 b']) {
      const reply = await ask([`Via: ${via}`]);
      expect(reply).toContain('508 ');
      expect(reply).toContain('"code":"loop_detected"');
    }
    expect(await ask(['Via: 1.1 not-gpuproxy-but-alike'])).toContain('200 OK');
  });

  it('when the method is TRACE or a key stands in the query', async () => {
    expect(await ask([], undefined, 'TRACE')).toContain('405 ');
    expect(await ask([], `/api/v1/gpu/pools/p/proxy/x?key=gpx_live_${'a'.repeat(61)}`)).toContain(
      '"code":"key_in_query"',
    );
  });

  it.each([
    ['length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['two lengths', ['Content-Length: 4', 'Content-Length: 5'], 'abcde'],
    ['a list of lengths', ['Content-Length: 4, 4'], 'abcd'],
    ['a signed length', ['Content-Length: +4'], 'abcd'],
    ['a coding behind chunks', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    ['a coding below chunks', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'],
    ['a bent coding', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['a space before the colon', ['Transfer-Encoding : chunked'], '0\r\n\r\n'],
    ['a folded header', ['X-A: b\r\n c'], ''],
    ['a NUL', ['X-A: b\x00c'], ''],
    ['two hosts', ['Host: other.test'], ''],
  ])('when there is %s', async (_, lines, body) => {
    const smuggled = `${head(lines, undefined, 'POST')}${body}`;
    const reply = await sendRaw(proxy.port, Buffer.from(smuggled, 'latin1'));
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
    expect(reply.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it('when lines end in bare line feeds', async () => {
    const reply = await sendRaw(proxy.port, head(['X-A: b']).replace('X-A: b\r\n', 'X-A: b\n'));
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('when HTTP/1.0 speaks of chunks', async () => {
    const bytes = head(['Transfer-Encoding: chunked'], undefined, 'POST').replace('HTTP/1.1', 'HTTP/1.0');
    expect(await sendRaw(proxy.port, `${bytes}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('what comes back', () => {
  it('is free of hop-by-hop headers, those that Connection names, and what is ours to say', async () => {
    const upstream = await startRawUpstream(
      'HTTP/1.1 200 Fine\r\nConnection: close, X-Internal\r\nX-Internal: 1\r\nKeep-Alive: timeout=1\r\n' +
        'Proxy-Authenticate: Basic\r\nTrailer: X-T\r\nUpgrade: h2c\r\nX-GPUProxy-Instance: fake\r\nX-Request-Id: fake\r\n' +
        'Access-Control-Allow-Origin: *\r\nVia: 1.1 engine\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok',
    );
    const own = await startProxy();
    own.addPool('p', [upstream.origin]);
    const reply = await ask([], undefined, 'GET', own);
    expect(reply).toMatch(/^HTTP\/1\.1 200 Fine\r\n/);
    for (const gone of [
      'X-Internal',
      'timeout=1',
      'Proxy-Authenticate',
      'Trailer',
      'Upgrade',
      'fake',
      'Access-Control',
    ]) {
      expect(reply).not.toContain(gone);
    }
    expect(reply).toContain('via: 1.1 engine, 1.1 gpuproxy');
    expect(reply).toContain('Set-Cookie: a=1\r\nSet-Cookie: b=2');
    expect(reply).toContain('X-GPUProxy-Instance: i0\r\nX-GPUProxy-Attempts: 1');
    expect(reply.match(/^content-length/gim)).toHaveLength(1);
    await own.close();
    await upstream.close();
  });

  it('is compressed as it was, with its length', async () => {
    const packed = gzipSync('hello '.repeat(100));
    answer = (_, response) =>
      void response
        .writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length })
        .end(packed);
    const reply = await ask(['Accept-Encoding: gzip']);
    expect(seen.headers['accept-encoding']).toBe('gzip');
    expect(reply).toContain('content-encoding: gzip');
    expect(reply.slice(reply.indexOf('\r\n\r\n') + 4)).toBe(packed.toString('latin1'));
  });

  it('has no body and no invented length for HEAD, 204 and 304', async () => {
    answer = (_, response) => void response.writeHead(200, { 'content-length': '123' }).end();
    const toHead = await ask([], undefined, 'HEAD');
    expect(toHead).toContain('content-length: 123');
    expect(toHead.endsWith('\r\n\r\n')).toBe(true);
    answer = (_, response) => void response.writeHead(204).end();
    const noContent = await ask();
    expect(noContent).toMatch(/^HTTP\/1\.1 204 No Content/);
    expect(noContent.toLowerCase()).not.toMatch(/content-length|transfer-encoding/);
    answer = (_, response) => void response.writeHead(304, { etag: '"x"' }).end();
    const notModified = await ask(['If-None-Match: "x"']);
    expect(notModified).toContain('etag: "x"');
    expect(notModified.toLowerCase()).not.toMatch(/content-length|transfer-encoding/);
  });

  it('brings trailers when the client takes them, and does not announce them otherwise', async () => {
    answer = (_, response) => {
      response.writeHead(200, { trailer: 'X-Sum' });
      response.write('body');
      response.addTrailers({ 'X-Sum': '42' });
      response.end();
    };
    const taken = await ask(['TE: trailers']);
    expect(taken).toContain('trailer: X-Sum');
    expect(taken.endsWith('0\r\nX-Sum: 42\r\n\r\n')).toBe(true);
    const declined = await ask();
    expect(declined.toLowerCase()).not.toContain('x-sum');
  });

  it('passes redirects on without following them', async () => {
    answer = (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    expect(await ask()).toContain('location: http://127.0.0.1:1/');
  });

  it('follows on an Expect that we answer ourselves, and skips 103', async () => {
    answer = (request, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      request.pipe(response);
    };
    const bytes = head(['Expect: 100-continue', 'Content-Length: 5', 'Connection: close'], undefined, 'POST');
    const reply = await sendRaw(proxy.port, `${bytes}hello`);
    expect(reply).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(reply).toContain('hello');
    expect(reply).not.toContain('103');
    expect(seen.headers.expect).toBeUndefined();
  });

  it('ends with the connection for a client of HTTP/1.0', async () => {
    answer = (_, response) => {
      response.write('part one, ');
      response.end('part two');
    };
    const reply = await sendRaw(proxy.port, head([]).replace('HTTP/1.1', 'HTTP/1.0'));
    expect(reply).toContain('\r\n\r\npart one, part two');
    expect(reply.toLowerCase()).not.toContain('transfer-encoding');
    expect(seen.headers.via).toBe('1.0 gpuproxy');
  });
});
