import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, deferred, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin, startRawUpstream, type RawUpstream } from '../support/raw-upstream.js';

let proxy: ProxyHarness;
let good: Server;
let goodOrigin = '';
let goodCount = 0;
let hangingUp: RawUpstream;

beforeAll(async () => {
  good = createServer((request, response) => {
    goodCount += 1;
    request.pipe(response);
  });
  goodOrigin = `http://127.0.0.1:${await listen(good)}`;
  hangingUp = await startRawUpstream((socket) => void socket.resetAndDestroy());
  proxy = await startProxy({ LB_EJECT_AFTER: '1000' });
});

afterAll(async () => {
  await proxy.close();
  await hangingUp.close();
  good.closeAllConnections();
  good.close();
});

/** Each test has a pool of its own, and so a fresh budget of retries. */
let poolCount = 0;
const usePool = (...origins: string[]): void =>
  proxy.addPool('p', origins, { key: `user-1/p${poolCount++}` });

const post = (body: string, lines: string[] = [], target = '/api/v1/gpu/pools/p/proxy/x'): Promise<string> =>
  sendRaw(
    proxy.port,
    [
      `POST ${target} HTTP/1.1`,
      'Host: proxy.test',
      `X-API-Key: ${KEY}`,
      'Connection: close',
      ...lines,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );

const get = (): Promise<string> =>
  sendRaw(
    proxy.port,
    `GET /api/v1/gpu/pools/p/proxy/x HTTP/1.1\r\nHost: a\r\nX-API-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
  );

const attemptsOf = (reply: string): string | undefined => /X-GPUProxy-Attempts: (\d)/.exec(reply)?.[1];

describe('an instance that refuses connections', () => {
  it('is passed over for any method and any body, and the caller is told how often', async () => {
    usePool(await refusedOrigin(), goodOrigin);
    for (let round = 0; round < 3; round += 1) {
      const reply = await post('hello');
      expect(reply).toMatch(/^HTTP\/1\.1 200 /);
      expect(reply).toContain('hello');
      expect(reply).toContain('X-GPUProxy-Instance: i1');
      expect(attemptsOf(reply)).toBe('2');
    }
  });

  it('is passed over with a body that is streamed: none of it was read', async () => {
    usePool(await refusedOrigin(), goodOrigin);
    for (let round = 0; round < 2; round += 1) {
      const body = 'x'.repeat(100_000);
      const reply = await post(body);
      expect(reply).toMatch(/^HTTP\/1\.1 200 /);
      expect(proxy.usage.at(-1)).toMatchObject({ bytesIn: body.length, bytesOut: body.length });
    }
  });

  it('is the answer when there is no other', async () => {
    usePool(await refusedOrigin(), await refusedOrigin());
    const reply = await post('hello');
    expect(reply).toMatch(/^HTTP\/1\.1 502 /);
    expect(reply).toContain('"code":"upstream_unreachable"');
    expect(reply).toContain('proxy-status: gpuproxy; error=connection_refused');
    expect(reply).not.toContain('127.0.0.1:');
    expect(attemptsOf(reply)).toBe('2');
    for (const id of ['i0', 'i1']) expect(proxy.balancer.load(id)?.activeConnections).toBe(0);
  });

  it('is not passed over when the caller named it', async () => {
    usePool(await refusedOrigin(), goodOrigin);
    const reply = await post('hello', [], '/api/v1/gpu/rentals/r0/proxy/x');
    expect(reply).toMatch(/^HTTP\/1\.1 502 /);
    expect(await post('hello', [], '/api/v1/gpu/rentals/r1/proxy/x')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('an instance that breaks off after it was asked', () => {
  it('never has a POST run again elsewhere', async () => {
    usePool(hangingUp.origin, goodOrigin);
    const before = goodCount;
    const replies = [await post('once'), await post('once'), await post('once'), await post('once')];
    const failed = replies.filter((reply) => reply.startsWith('HTTP/1.1 502 '));
    expect(failed).toHaveLength(2);
    expect(failed.map(attemptsOf)).toEqual(['1', '1']);
    expect(goodCount - before).toBe(2);
  });

  it('has a GET read elsewhere', async () => {
    usePool(hangingUp.origin, goodOrigin);
    for (let round = 0; round < 3; round += 1) expect(await get()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('an instance that accepts connections and says nothing', () => {
  it('is passed over when the time to connect is over', async () => {
    const silent = await startRawUpstream(() => undefined);
    const deaf = silent.origin.replace('http:', 'https:');
    const [p, q] = ['p', 'q'].map((name) => ({
      on: [deaf, goodOrigin],
      key: `user-1/${name}${poolCount++}`,
    }));
    proxy.setPools({ p, q: { ...q, on: [deaf] } });
    const [moved, refused] = await Promise.all([
      post('hello'),
      post('hello', [], '/api/v1/gpu/pools/q/proxy/x'),
    ]);
    expect(moved).toMatch(/^HTTP\/1\.1 200 [^]*X-GPUProxy-Instance: i1[^]*hello/);
    expect(attemptsOf(moved)).toBe('2');
    expect(refused).toMatch(
      /^HTTP\/1\.1 504 [^]*proxy-status: gpuproxy; error=connection_timeout[^]*"upstream_connect_timeout"/,
    );
    await silent.close();
  });
});

describe('an instance that vanishes in the middle of a request', () => {
  it('takes nothing with it: the others go on, and it may come back', async () => {
    const begun = deferred();
    let answering: Socket | undefined;
    const vanishing = await startRawUpstream((socket) => {
      answering = socket;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial', () => begun.resolve());
    });
    usePool(vanishing.origin, goodOrigin);
    const under = get();
    await begun.promise;
    proxy.balancer.removeTarget('i0');
    for (let round = 0; round < 3; round += 1) expect(await get()).toContain('X-GPUProxy-Instance: i1');
    answering?.destroy();
    expect(await under).toMatch(/^HTTP\/1\.1 200 [^]*X-GPUProxy-Instance: i0[^]*partial$/);
    await proxy.door.whenIdle();
    expect(proxy.balancer.load('i0')).toBeUndefined();
    expect([proxy.balancer.load('i1')?.activeConnections, proxy.upstream.activeCount]).toEqual([0, 0]);
    usePool(goodOrigin, goodOrigin.replace('127.0.0.1', 'localhost'));
    expect(proxy.balancer.load('i0')).toMatchObject({ activeConnections: 0, totalConnections: 0 });
    expect(await get()).toMatch(/^HTTP\/1\.1 200 /);
    await vanishing.close();
  });
});

describe('an instance that says it has not run the request', () => {
  const busyHead = (status: string, lines = ''): string =>
    `HTTP/1.1 ${status}\r\n${lines}Content-Length: 4\r\n\r\nbusy`;
  const withBusy = async (bytes: string, work: (busy: RawUpstream) => Promise<void>): Promise<void> => {
    const busy = await startRawUpstream(bytes);
    usePool(busy.origin, goodOrigin);
    await work(busy);
    await busy.close();
  };

  it.each([
    ['429', busyHead('429 Too Many Requests')],
    ['503 with Retry-After', busyHead('503 Service Unavailable', 'Retry-After: 1\r\n')],
  ])('is passed over, a POST included: %s', async (_, bytes) => {
    await withBusy(bytes, async (busy) => {
      const reply = await post('hello');
      expect(reply).toMatch(/^HTTP\/1\.1 200 [^]*X-GPUProxy-Instance: i1[^]*hello/);
      expect(attemptsOf(reply)).toBe('2');
      expect(busy.received).toHaveLength(1);
      expect(proxy.balancer.load('i0')?.activeConnections).toBe(0);
    });
  });

  it('is the answer without Retry-After, with a body that is gone, and when all say so', async () => {
    await withBusy(busyHead('503 Service Unavailable'), async () => {
      expect(await post('hello')).toMatch(/^HTTP\/1\.1 503 [^]*busy$/);
    });
    await withBusy(busyHead('429 Too Many Requests'), async () => {
      const long = await post('x'.repeat(70_000));
      expect(long).toMatch(/^HTTP\/1\.1 429 [^]*busy$/);
      expect(attemptsOf(long)).toBe('1');
    });
    await withBusy(busyHead('429 Too Many Requests'), async (first) => {
      const second = await startRawUpstream(busyHead('429 Too Many Requests', 'X-Second: 1\r\n'));
      usePool(first.origin, second.origin);
      const reply = await post('hello');
      expect(reply).toMatch(/^HTTP\/1\.1 429 [^]*X-Second: 1[^]*busy$/);
      expect(attemptsOf(reply)).toBe('2');
      await second.close();
    });
  });
});

describe('retries', () => {
  it('stop at the budget: three a second, and one for five requests', async () => {
    const dead = await refusedOrigin();
    usePool(dead, goodOrigin);
    const replies = await Promise.all(Array.from({ length: 40 }, () => post('x')));
    const retried = replies.filter((reply) => attemptsOf(reply) === '2').length;
    const failed = replies.filter((reply) => reply.startsWith('HTTP/1.1 502 ')).length;
    expect(retried).toBeGreaterThanOrEqual(3);
    expect(retried).toBeLessThanOrEqual(3 + 8 + 3);
    expect(failed).toBeGreaterThan(0);
  });

  it('do not hide that a pool has nothing healthy', async () => {
    usePool();
    const reply = await post('x');
    expect(reply).toMatch(/^HTTP\/1\.1 503 /);
    expect(reply).toContain('"code":"no_healthy_instance"');
    expect(reply.toLowerCase()).toContain('retry-after:');
  });
});
