import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { KEY, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { startRawUpstream, type RawReply, type RawUpstream } from '../support/raw-upstream.js';

const PATH = '/api/v1/gpu/pools/p/proxy/x';

interface Lab {
  proxy: ProxyHarness;
  upstream: RawUpstream;
}

let lab: Lab | undefined;

async function facing(reply: RawReply | string): Promise<Lab> {
  const upstream = await startRawUpstream(reply);
  const proxy = await startProxy({ PROXY_FIRST_BYTE_TIMEOUT: '400ms', PROXY_IDLE_TIMEOUT: '400ms' });
  proxy.addPool('p', [upstream.origin]);
  lab = { proxy, upstream };
  return lab;
}

/** Whatever an upstream does, nothing of it may stay behind. */
afterEach(async () => {
  const { proxy, upstream } = lab as Lab;
  await proxy.door.whenIdle();
  const counts = [proxy.balancer.load('i0')?.activeConnections, proxy.upstream.activeCount];
  await proxy.close();
  await upstream.close();
  if (counts.some((count) => count !== 0)) throw new Error(`still counted as active: ${counts.join(', ')}`);
});

const head = (method = 'GET', lines: string[] = []): string =>
  [`${method} ${PATH} HTTP/1.1`, 'Host: proxy.test', `X-API-Key: ${KEY}`, ...lines, '', ''].join('\r\n');

const ask = (proxy: ProxyHarness, method = 'GET', lines: string[] = []): Promise<string> =>
  sendRaw(proxy.port, head(method, ['Connection: close', ...lines]));

const isAsked = (received: string): boolean => received.includes('\r\n\r\n');
const write = (socket: Socket, text: string): boolean => socket.write(Buffer.from(text, 'latin1'));

/** Writes again and again until the other side has had enough. */
function forever(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => write(socket, text), everyMs);
  socket.once('close', () => clearInterval(timer));
}

describe('a head', () => {
  it.each([
    ['that comes byte by byte and never ends', 'HTTP/1.1 200 OK\r\nX-Slow: ', 'x'],
    ['that is announced again and again', '', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'],
    ['that is still being processed', '', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ])('%s is refused in time', async (_, first, then) => {
    const { proxy } = await facing((socket, received) => {
      if (!isAsked(received)) return;
      write(socket, first);
      forever(socket, then, 50);
    });
    const startedAt = performance.now();
    const reply = await ask(proxy, 'POST', ['Content-Length: 0']);
    expect(reply).toMatch(
      /^HTTP\/1\.1 50(?:4 [^]*"upstream_first_byte_timeout"|2 [^]*"upstream_protocol_error")/,
    );
    expect(performance.now() - startedAt).toBeLessThan(2500);
  });

  it('without end is a 502, and so are endless interim answers in one go', async () => {
    const { proxy } = await facing((socket, received) => {
      if (isAsked(received)) write(socket, `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}`);
    });
    expect(await ask(proxy)).toMatch(/^HTTP\/1\.1 502 [^]*"upstream_protocol_error"/);
  });

  it('of thousands of headers passes or is refused as a whole', async () => {
    const { proxy } = await facing(`HTTP/1.1 200 OK\r\n${'a:b\r\n'.repeat(3000)}Content-Length: 2\r\n\r\nok`);
    expect(await ask(proxy)).toMatch(/^HTTP\/1\.1 (?:200 [^]*\r\n\r\nok$|502 )/);
  });

  it.each([
    ['a status below 100', 'HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['no status', 'HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['another protocol', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a control character in a value', 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok'],
    ['a line feed in a value', 'HTTP/1.1 200 OK\r\nX-A: a\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nok'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\nok'],
    ['an empty header name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\nok'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
    ['a length in words', 'HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok'],
    ['an endless length', `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\nok`],
    ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
    [
      'a 100 that nobody waits for',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ],
  ])('with %s is a 502 or harmless', async (_, bytes) => {
    const { proxy } = await facing(bytes);
    const reply = await ask(proxy, 'POST', ['Content-Length: 0']);
    expect(reply).toMatch(/^HTTP\/1\.1 (?:502|200) /);
    expect(reply.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(reply.endsWith('\r\n\r\nok')).toBe(reply.startsWith('HTTP/1.1 200'));
    expect(reply).not.toContain('Set-Cookie');
  });

  it('may have a reason that is none', async () => {
    const { proxy } = await facing('HTTP/1.1 200 \x7f\x01\xff\r\nContent-Length: 2\r\n\r\nok');
    expect(await ask(proxy)).toMatch(/^HTTP\/1\.1 (?:502|200) /);
  });
});

describe('a body', () => {
  it.each([
    ['a chunk size that is no number', '7\r\npartial\r\nzz\r\nx\r\n0\r\n\r\n'],
    ['a chunk size beyond all numbers', `7\r\npartial\r\n${'F'.repeat(20)}\r\nx`],
    ['a negative chunk size', '7\r\npartial\r\n-1\r\nx\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '7\r\npartial-and-more\r\n0\r\n\r\n'],
    ['an end of a chunk in bare line feeds', '7\r\npartial\n0\n\n'],
    ['a chunk that ends early', '7\r\npartial\r\n9\r\nhalf'],
  ])('with %s never ends cleanly', async (_, chunks) => {
    const { proxy } = await facing(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
    const reply = await ask(proxy);
    expect(reply).toMatch(/^HTTP\/1\.1 (?:200|502) /);
    expect(reply.endsWith('0\r\n\r\n')).toBe(false);
  });

  it('with endless extensions of its chunks is given up', async () => {
    const { proxy } = await facing((socket, received) => {
      if (!isAsked(received)) return;
      write(socket, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7');
      forever(socket, `;${'x'.repeat(1000)}`, 5);
    });
    const reply = await ask(proxy);
    expect(reply.endsWith('0\r\n\r\n')).toBe(false);
  });

  it('shorter than its length is no clean end, longer is not told to anybody', async () => {
    const { proxy } = await facing('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort');
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write(head());
    socket.resume();
    await once(socket, 'close');
    expect(proxy.usage.at(-1)).toMatchObject({ status: 200, bytesOut: 5 });
  });

  it.each([
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n'],
  ])('behind the end of an answer to %s is nobody’s answer: %s', async (method, answer) => {
    const stray = 'HTTP/1.1 200 OK\r\nX-Stray: 1\r\nContent-Length: 5\r\n\r\nstray';
    let count = 0;
    const { proxy } = await facing((socket, received) => {
      if (!isAsked(received)) return;
      count += 1;
      write(socket, count === 1 ? `${answer}${stray}` : 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
    });
    const first = await ask(proxy, method);
    expect(first).not.toContain('stray');
    expect(await ask(proxy)).toMatch(/\r\n\r\nnext$/);
  });

  it.each([
    ['HEAD', '200 OK'],
    ['GET', '204 No Content'],
    ['GET', '304 Not Modified'],
  ])('has no place in an answer to %s: %s', async (method, status) => {
    const { proxy } = await facing(`HTTP/1.1 ${status}\r\nContent-Length: 4\r\n\r\nbody`);
    const reply = await ask(proxy, method);
    expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
    expect(reply.endsWith('\r\n\r\n')).toBe(true);
    expect(/content-length/i.test(reply)).toBe(!status.startsWith('204'));
  });

  it('brings no trailers but those that were announced and may be there', async () => {
    const { proxy } = await facing(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum, Content-Length, Set-Cookie, X-GPUProxy-Instance\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n' +
        'X-Sum: 42\r\nContent-Length: 99\r\nSet-Cookie: a=b\r\nX-GPUProxy-Instance: fake\r\nX-Other: 1\r\nTransfer-Encoding: x\r\n\r\n',
    );
    const reply = await ask(proxy, 'GET', ['TE: trailers']);
    expect(reply).toContain('trailer: X-Sum\r\n');
    expect(reply.endsWith('2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n')).toBe(true);
  });
});

describe('an upstream that is in a hurry', () => {
  const LENGTH = 400_000;

  it('answers before the body is complete and stays', async () => {
    const { proxy } = await facing((socket, received) => {
      if (isAsked(received) && received.length < 70_000)
        write(socket, 'HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 5\r\n\r\nearly');
    });
    const reply = await sendRaw(
      proxy.port,
      `${head('POST', ['Connection: close', `Content-Length: ${LENGTH}`])}${'x'.repeat(LENGTH)}`,
      'early',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 422 [^]*early$/);
  });

  it('answers before the body is complete and resets the connection', async () => {
    let hasAnswered = false;
    const { proxy } = await facing((socket, received) => {
      if (hasAnswered || !isAsked(received)) return;
      hasAnswered = true;
      socket.write(
        'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly',
        () => socket.resetAndDestroy(),
      );
    });
    const reply = await sendRaw(
      proxy.port,
      `${head('POST', ['Connection: close', `Content-Length: ${LENGTH}`])}${'x'.repeat(LENGTH)}`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 (?:413|502) /);
  });

  it('answers and resets: what came is passed on, and no clean end', async () => {
    const { proxy } = await facing((socket, received) => {
      if (!isAsked(received)) return;
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npartial\r\n', () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      );
    });
    const reply = await ask(proxy);
    expect(reply).toContain('partial');
    expect(reply.endsWith('0\r\n\r\n')).toBe(false);
  });

  it('hangs up before it was asked anything', async () => {
    const { proxy, upstream } = await facing(() => undefined);
    upstream.onConnection = (socket) => socket.destroy();
    expect(await ask(proxy, 'POST', ['Content-Length: 0'])).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('an upstream that takes its time', () => {
  it('and does not read a long body is a 504 in time', async () => {
    const { proxy, upstream } = await facing(() => undefined);
    upstream.onConnection = (socket) => socket.pause();
    const length = 20_000_000;
    const client = connect(proxy.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write(head('POST', [`Content-Length: ${length}`]));
    client.write(Buffer.alloc(length, 'x'));
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 504 /);
    client.destroy();
  });

  it('is a 504 too when the client has taken its time before', async () => {
    const { proxy } = await facing(() => undefined);
    const client = connect(proxy.port, '127.0.0.1');
    client.write(head('POST', ['Transfer-Encoding: chunked']));
    for (let part = 0; part < 6; part += 1) {
      client.write('3\r\nabc\r\n');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    client.write('0\r\n\r\n');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 504 /);
    client.destroy();
  });
});
