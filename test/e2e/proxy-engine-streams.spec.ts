import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KEY, deferred, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { startRawUpstream, type RawReply } from '../support/raw-upstream.js';

const MAX_BODY = 200_000;
const PATH = '/api/v1/gpu/pools/p/proxy/x';

let proxy: ProxyHarness;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response));
  proxy = await startProxy({
    PROXY_MAX_BODY: String(MAX_BODY),
    PROXY_FIRST_BYTE_TIMEOUT: '1s',
    PROXY_IDLE_TIMEOUT: '500ms',
  });
  proxy.addPool('p', [`http://127.0.0.1:${await listen(server)}`]);
});

afterAll(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

afterEach(async () => {
  await proxy.door.whenIdle();
  const leases = proxy.balancer.load('i0')?.activeConnections;
  if (leases !== 0 || proxy.upstream.activeCount !== 0)
    throw new Error('something is still counted as active');
});

const lastUsage = (): ProxyHarness['usage'][number] | undefined => proxy.usage.at(-1);

const head = (lines: string[] = [], method = 'GET'): string =>
  [`${method} ${PATH} HTTP/1.1`, 'Host: proxy.test', `X-API-Key: ${KEY}`, ...lines, '', ''].join('\r\n');

/** Opens a connection, sends, and hands out what arrives as it arrives. */
function open(bytes: string, port = proxy.port): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  return socket;
}

async function withRaw(reply: RawReply | string, run: (own: ProxyHarness) => Promise<void>): Promise<void> {
  const upstream = await startRawUpstream(reply);
  const own = await startProxy();
  own.addPool('p', [upstream.origin]);
  try {
    await run(own);
  } finally {
    await own.close();
    await upstream.close();
  }
}

describe('streams', () => {
  it('give the head and each event to the client as they come', async () => {
    let push: (text: string) => void = () => undefined;
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      push = (text) => void (text === '' ? response.end() : response.write(text));
    };
    const socket = open(head(['Connection: close']));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toContain('text/event-stream');
    for (const text of ['data: one\n\n', ': comment\n\n', 'data: two\n\n']) {
      push(text);
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      expect(chunk.toString()).toContain(text);
    }
    push('');
    await once(socket, 'close');
  });

  it('tell tokens from the last events of a stream, also when they come late', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[]}\n\n');
      response.write('data: {"usage":{"prompt_tokens": 11,"completion_tokens":22,"total_tokens":33}}\n\n');
      response.end('data: [DONE]\n\n');
    };
    await sendRaw(proxy.port, head(['Connection: close']));
    expect(lastUsage()).toMatchObject({
      inputTokens: 11,
      outputTokens: 22,
      status: 200,
      pool: 'p',
      instanceId: 'i0',
    });
  });

  it('hold back a fast upstream while the client does not read', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    let written = 0;
    answer = (request, response) => {
      const pump = (): void => {
        while (!response.destroyed && written < 400 * 1024 * 1024) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', pump);
        }
      };
      request.once('close', () => undefined);
      pump();
    };
    const before = process.memoryUsage.rss();
    const sockets = Array.from({ length: 20 }, () => open(head()).pause());
    await delay(250);
    const perStream = written / sockets.length;
    sockets.forEach((socket) => socket.destroy());
    await proxy.door.whenIdle();
    expect(perStream).toBeGreaterThan(chunk.length);
    // The kernel's buffers on four sockets are most of it.
    expect(perStream).toBeLessThan(12 * 1024 * 1024);
    expect(process.memoryUsage.rss() - before).toBeLessThan(120 * 1024 * 1024);
  });

  it('are cut when the client reads nothing for as long as the upstream may be silent', async () => {
    answer = (_, response) => void response.end(Buffer.alloc(32 * 1024 * 1024));
    const booked = proxy.nextUsage();
    const socket = open(head()).pause();
    const row = await booked;
    expect(row.status).toBe(200);
    expect(row.bytesOut).toBeLessThan(32 * 1024 * 1024);
    socket.destroy();
  });
});

describe('a client that was slow for a while', () => {
  it('gets all of a stream that goes on for longer than it may stand still', async () => {
    const piece = Buffer.alloc(1024, 'x');
    const [pieces, late] = [16_384, 8];
    answer = (_, response) => {
      for (let count = 0; count < pieces; count += 1) response.write(piece);
      response.once('drain', () => void trickle(response));
    };
    const trickle = async (response: ServerResponse): Promise<void> => {
      for (let count = 0; count < late; count += 1) {
        await delay(100);
        response.write(piece);
      }
      response.end();
    };
    const socket = open(head(['Connection: close'])).pause();
    await delay(300);
    let size = 0;
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
      text = (text + chunk.toString('latin1')).slice(-8);
    });
    socket.resume();
    await once(socket, 'close');
    expect(text).toMatch(/\r\n0\r\n\r\n$/);
    expect(size).toBeGreaterThan(piece.length * (pieces + late));
  });
});

describe('a client that leaves', () => {
  const left = async (prepare: (response: ServerResponse) => void): Promise<number> => {
    const gone = deferred<number>();
    let leftAt = 0;
    answer = (_, response) => {
      response.once('close', () => gone.resolve(performance.now() - leftAt));
      prepare(response);
      leftAt = performance.now();
      socket.destroy();
    };
    const socket = open(head());
    return gone.promise;
  };

  it('ends the upstream’s request at once, before and after the first byte', async () => {
    expect(await left(() => undefined)).toBeLessThan(1000);
    expect(lastUsage()).toMatchObject({ status: 499 });
    expect(await left((response) => void response.write('x'))).toBeLessThan(1000);
    expect(proxy.balancer.load('i0')?.state).toBe('serving');
  });

  it('ends it as well by half-closing while it waits', async () => {
    const gone = deferred();
    answer = (_, response) => {
      response.once('close', () => gone.resolve());
      socket.end();
    };
    const socket = open(head());
    await expect(gone.promise).resolves.toBeUndefined();
  });
});

describe('an upstream that dies in the middle of its answer', () => {
  it.each([
    ['of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npartial\r\n'],
    ['in a broken chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npartial\r\nzz\r\n'],
  ])('%s takes the client’s connection with it, after what was received', async (_, bytes) => {
    await withRaw(bytes, async (own) => {
      const failed = new Promise<string>((resolve) => {
        const headers = { 'x-api-key': KEY };
        const asking = httpRequest({ port: own.port, path: PATH, headers }, (response) => {
          let body = '';
          response.on('data', (chunk) => (body += String(chunk)));
          response.on('error', (error: NodeJS.ErrnoException) => resolve(`${body} ${error.code}`));
          response.on('end', () => resolve(`${body} CLEAN END`));
        });
        asking.end();
      });
      expect(await failed).toBe('partial ECONNRESET');
      expect(own.usage.at(-1)).toMatchObject({ status: 200, bytesOut: 7 });
    });
  });

  it('never ends cleanly for a client of HTTP/1.0, which has only the connection to tell', async () => {
    await withRaw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npartial\r\n', async (own) => {
      const socket = connect(own.port, '127.0.0.1');
      socket.write(head().replace('HTTP/1.1', 'HTTP/1.0'));
      socket.resume();
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNRESET');
    });
  });

  it('may end with its connection when it announced neither length nor chunks', async () => {
    await withRaw('HTTP/1.1 200 OK\r\n\r\nall of it', async (own) => {
      const reply = await sendRaw(own.port, head(['Connection: close']));
      expect(reply).toContain('9\r\nall of it\r\n0\r\n\r\n');
    });
  });
});

describe('request bodies', () => {
  it('small and large, counted and in chunks, arrive byte for byte', async () => {
    answer = (request, response) => {
      response.setHeader('x-length', String(request.headers['content-length']));
      response.setHeader('x-coding', String(request.headers['transfer-encoding']));
      request.pipe(response);
    };
    for (const size of [1, 65_536, 65_537, MAX_BODY]) {
      const body = 'ab\x00\xff'.repeat(size).slice(0, size);
      const reply = await sendRaw(
        proxy.port,
        `${head(['Connection: close', `Content-Length: ${size}`], 'POST')}${body}`,
      );
      expect(reply).toContain(`x-length: ${size}`);
      expect(lastUsage()).toMatchObject({ bytesIn: size, bytesOut: size });
    }
    const chunked = `${head(['Connection: close', 'Transfer-Encoding: chunked'], 'POST')}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`;
    const reply = await sendRaw(proxy.port, chunked);
    expect(reply).toContain('x-coding: chunked');
    expect(reply).toContain('3\r\nabc\r\n2\r\nde\r\n0\r\n');
  });

  it('with a GET or a DELETE, and empty ones with a POST', async () => {
    answer = (request, response) => {
      response.setHeader('x-length', String(request.headers['content-length']));
      request.pipe(response);
    };
    for (const method of ['GET', 'DELETE']) {
      const reply = await sendRaw(
        proxy.port,
        `${head(['Connection: close', 'Content-Length: 4'], method)}abcd`,
      );
      expect(reply).toContain('abcd');
    }
    expect(await sendRaw(proxy.port, head(['Connection: close', 'Content-Length: 0'], 'POST'))).toContain(
      'x-length: 0',
    );
  });

  it('too large by their length are refused before a byte goes upstream', async () => {
    let isReached = false;
    answer = (_, response) => {
      isReached = true;
      response.end();
    };
    const reply = await sendRaw(
      proxy.port,
      head([`Content-Length: ${MAX_BODY + 1}`], 'POST'),
      '"request_id"',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
    expect(reply).toContain('"code":"payload_too_large"');
    expect(isReached).toBe(false);
  });

  it('too large while they are counted are refused, and the upstream is left', async () => {
    const gone = deferred();
    answer = (request) => void request.resume().once('close', () => gone.resolve());
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
    const reply = await sendRaw(
      proxy.port,
      `${head(['Connection: close', 'Transfer-Encoding: chunked'], 'POST')}${chunk.repeat(4)}0\r\n\r\n`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
    await gone.promise;
    expect(lastUsage()).toMatchObject({ status: 413 });
    expect(proxy.balancer.load('i0')?.state).toBe('serving');
  });

  it('may be answered before they are complete', async () => {
    answer = (_, response) => void response.writeHead(422, { 'content-length': '5' }).end('early');
    const socket = open(`${head(['Content-Length: 150000'], 'POST')}${'x'.repeat(70_000)}`);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 422 [^]*early$/);
    socket.destroy();
  });

  it('that stop in the middle are given up', async () => {
    answer = (request) => void request.resume();
    const reply = await sendRaw(
      proxy.port,
      `${head(['Connection: close', 'Transfer-Encoding: chunked'], 'POST')}3\r\nabc\r\n`,
      '"request_id"',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('time-outs', () => {
  it('before the first byte', async () => {
    answer = () => undefined;
    const reply = await sendRaw(proxy.port, head(['Connection: close']));
    expect(reply).toMatch(/^HTTP\/1\.1 504 /);
    expect(reply).toContain('"code":"upstream_first_byte_timeout"');
    expect(reply).toContain('proxy-status: gpuproxy; error=http_response_timeout');
    expect(reply).toContain('X-GPUProxy-Attempts: 1');
  });

  it('between two bytes cut the answer', async () => {
    answer = (_, response) => void response.write('data');
    const reply = await sendRaw(proxy.port, head(['Connection: close']));
    expect(reply).toMatch(/^HTTP\/1\.1 200 /);
    expect(reply).not.toContain('0\r\n\r\n');
  });

  it('as the caller wishes: before the head 504, after it a cut', async () => {
    answer = () => undefined;
    const refused = await sendRaw(proxy.port, head(['Connection: close', 'X-Timelimit: 100ms']));
    expect(refused).toContain('"code":"time_limit_exceeded"');
    expect(lastUsage()).toMatchObject({ status: 504 });
    answer = (_, response) => {
      const timer = setInterval(() => response.write('drip '), 20);
      response.once('close', () => clearInterval(timer));
    };
    const startedAt = performance.now();
    const cut = await sendRaw(proxy.port, head(['Connection: close', 'X-Timelimit: 1']));
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(cut).toContain('drip ');
    expect(cut).not.toContain('0\r\n\r\n');
  });

  it('that cannot be read are a 400', async () => {
    const reply = await sendRaw(proxy.port, head(['Connection: close', 'X-Timelimit: soon']));
    expect(reply).toContain('"code":"invalid_time_limit"');
  });
});

describe('upstreams that do not speak HTTP as it should be', () => {
  it.each([
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a space in a header name', 'HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 0\r\n\r\n'],
    [
      'a switch that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    ],
  ])('%s is a 502', async (_, bytes) => {
    await withRaw(bytes, async (own) => {
      const reply = await sendRaw(own.port, head(['Connection: close'], 'POST'));
      expect(reply).toMatch(/^HTTP\/1\.1 502 /);
      expect(reply).toMatch(/"code":"upstream_(protocol_error|unreachable)"/);
      expect(own.balancer.load('i0')?.activeConnections).toBe(0);
    });
  });

  it('nothing at all is a 502, and bad compression is the client’s business', async () => {
    const hangUp: RawReply = (socket) => void socket.end();
    await withRaw(hangUp, async (own) => {
      const reply = await sendRaw(own.port, head(['Connection: close'], 'POST'));
      expect(reply).toMatch(/^HTTP\/1\.1 502 /);
      expect(reply).toContain('proxy-status: gpuproxy; error=connection_terminated');
    });
    await withRaw(
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nbad',
      async (own) => {
        expect(await sendRaw(own.port, head(['Connection: close']))).toMatch(/200 OK[^]*bad$/);
      },
    );
  });
});
