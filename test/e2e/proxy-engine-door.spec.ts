import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KEY, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { startRawUpstream, type RawUpstream } from '../support/raw-upstream.js';

let server: Server;
let origin = '';
let breaking: RawUpstream;
const opened: ProxyHarness[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/never') return;
    if (request.url === '/error') response.statusCode = 500;
    response.end(`asked with ${request.method}`);
  });
  origin = `http://127.0.0.1:${await listen(server)}`;
  breaking = await startRawUpstream('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial');
});

afterAll(async () => {
  await breaking.close();
  server.closeAllConnections();
  server.close();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((proxy) => proxy.close()));
});

async function open(env: Record<string, string> = {}): Promise<ProxyHarness> {
  const proxy = await startProxy(env);
  proxy.addPool('p', [origin]);
  opened.push(proxy);
  return proxy;
}

interface Question {
  key?: string;
  lines?: string[];
  target?: string;
  method?: string;
}

const ask = (proxy: ProxyHarness, question: Question = {}): Promise<string> => {
  const { key = KEY, lines = [], target = '/api/v1/gpu/pools/p/proxy/x', method = 'GET' } = question;
  const head = [`${method} ${target} HTTP/1.1`, 'Host: proxy.test', 'Connection: close', ...lines];
  if (key !== '') head.push(`X-API-Key: ${key}`);
  return sendRaw(proxy.port, [...head, '', ''].join('\r\n'));
};

describe('the door', () => {
  it('asks who is calling', async () => {
    const proxy = await open();
    const anonymous = await ask(proxy, { key: '', lines: ['X-Request-Id: mine'] });
    expect(anonymous).toMatch(/^HTTP\/1\.1 401 /);
    expect(anonymous).toContain('application/problem+json');
    expect(anonymous).toContain('"request_id":"mine"');
    expect(anonymous).toContain('X-Request-Id: mine');
    expect(await ask(proxy, { key: 'wrong' })).toContain('"code":"invalid_api_key"');
    expect(await ask(proxy, { key: 'key-without-scope' })).toContain('"code":"insufficient_scope"');
    expect(await ask(proxy, { key: 'slow' })).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('does not fall back to Authorization when X-API-Key is bad', async () => {
    const reply = await ask(await open(), { key: 'wrong', lines: [`Authorization: Bearer ${KEY}`] });
    expect(reply).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("shows nobody another user's pools and rentals", async () => {
    const proxy = await open();
    const key = 'key-of-user-2';
    expect(await ask(proxy, { key })).toContain('"code":"pool_not_found"');
    expect(await ask(proxy, { key, target: '/api/v1/gpu/rentals/r0/proxy/x' })).toContain(
      '"code":"rental_not_found"',
    );
    expect(await ask(proxy, { target: '/api/v1/gpu/pools/%zz/proxy/x' })).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ask(proxy, { target: '/api/v1/gpu/rentals/r0/proxy/x' })).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(proxy, { target: '/api/v1/gpu/rentals/i0/proxy/x' })).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('counts, says so on every answer, and refuses beyond the limit', async () => {
    const proxy = await open({ PROXY_RATE_LIMIT_PER_MINUTE: '2' });
    const first = await ask(proxy);
    expect(first).toContain('RateLimit-Policy: "proxy";q=2;w=60');
    expect(first).toContain('X-RateLimit-Remaining: 1');
    await ask(proxy);
    const refused = await ask(proxy);
    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused).toMatch(/Retry-After: \d+/);
    expect(refused).toContain('X-RateLimit-Remaining: 0');
    expect(refused.match(/^RateLimit:/gm)).toHaveLength(1);
  });

  it('answers preflights for pages that may call, and leaves other OPTIONS to the upstream', async () => {
    const proxy = await open({ CORS_ORIGINS: 'https://page.test' });
    const preflight = [
      'Origin: https://page.test',
      'Access-Control-Request-Method: PUT',
      'Access-Control-Request-Headers: x-api-key',
    ];
    const allowed = await ask(proxy, { key: '', method: 'OPTIONS', lines: preflight });
    expect(allowed).toMatch(/^HTTP\/1\.1 204 /);
    expect(allowed).toContain('Access-Control-Allow-Origin: https://page.test');
    expect(allowed).toContain('Access-Control-Allow-Headers: x-api-key');
    const other = ['Origin: https://other.test', 'Access-Control-Request-Method: PUT'];
    expect(await ask(proxy, { method: 'OPTIONS', lines: other })).not.toContain(
      'Access-Control-Allow-Origin',
    );
    expect(await ask(proxy, { method: 'OPTIONS' })).toContain('asked with OPTIONS');
    const simple = await ask(proxy, { lines: ['Origin: https://page.test'] });
    expect(simple).toContain('Access-Control-Allow-Origin: https://page.test');
    expect(simple).toContain('Access-Control-Expose-Headers: X-Request-Id');
  });

  it('lets what is under way finish during the drain and takes nothing new', async () => {
    const proxy = await open();
    const waiting = sendRaw(
      proxy.port,
      `GET /api/v1/gpu/pools/p/proxy/never HTTP/1.1\r\nHost: a\r\nX-API-Key: ${KEY}\r\nX-Timelimit: 300ms\r\n\r\n`,
    );
    await ask(proxy);
    expect(proxy.door.activeCount).toBe(1);
    proxy.door.startDrain();
    const refused = await ask(proxy);
    expect(refused).toMatch(/^HTTP\/1\.1 503 /);
    expect(refused).toContain('Connection: close');
    await proxy.door.whenIdle();
    expect(await waiting).toMatch(/^HTTP\/1\.1 504 [^]*Connection: close/);
    expect(proxy.door.activeCount).toBe(0);
  });

  it('reuses the client’s connection for the next request', async () => {
    const proxy = await open();
    const one = `GET /api/v1/gpu/pools/p/proxy/x HTTP/1.1\r\nHost: a\r\nX-API-Key: ${KEY}\r\n`;
    const reply = await sendRaw(proxy.port, `${one}\r\n${one}\r\n${one}Connection: close\r\n\r\n`);
    expect(reply.match(/asked with GET/g)).toHaveLength(3);
  });

  it('forgets nothing in 500 successes, errors, aborts and deaths', async () => {
    const proxy = await open({ LB_EJECT_AFTER: '1000', PROXY_RATE_LIMIT_PER_MINUTE: '0' });
    proxy.addPool('p', [origin, breaking.origin]);
    const abort = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(proxy.port, '127.0.0.1');
        socket.on('error', () => undefined).on('close', () => resolve());
        socket.write(`GET /api/v1/gpu/pools/p/proxy/never HTTP/1.1\r\nHost: a\r\nX-API-Key: ${KEY}\r\n\r\n`);
        setImmediate(() => socket.destroy());
      });
    const kinds: (() => Promise<unknown>)[] = [
      () => ask(proxy),
      () => ask(proxy, { target: '/api/v1/gpu/pools/p/proxy/error' }),
      abort,
      () => ask(proxy, { lines: ['Content-Length: 999999999'], method: 'POST' }),
      () => ask(proxy, { target: '/api/v1/gpu/pools/p/proxy/never', lines: ['X-Timelimit: 20ms'] }),
    ];
    for (let round = 0; round < 25; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => kinds[index % kinds.length]()));
    }
    await proxy.door.whenIdle();
    expect(proxy.door.activeCount).toBe(0);
    expect(proxy.upstream.activeCount).toBe(0);
    for (const id of ['i0', 'i1']) expect(proxy.balancer.load(id)?.activeConnections).toBe(0);
    const outcomes = [...proxy.gauges.outcomes.values()].reduce((sum, count) => sum + count, 0);
    expect(outcomes).toBe(proxy.usage.length);
  });
});
