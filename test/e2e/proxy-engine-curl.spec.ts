import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, listen, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { startRawUpstream, type RawUpstream } from '../support/raw-upstream.js';
import { findSystemBinary } from '../support/system-binary.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

const CURL = findSystemBinary(['curl'], 'curl');
const PREFIX = '/api/v1/gpu/pools/p/proxy';
const PACKED = gzipSync('hello '.repeat(200)).toString('latin1');

/** What the server answers, by path: bytes, so that nothing is decided by a library. */
const ANSWERS: Readonly<Record<string, string>> = {
  '/length':
    'HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Length: 5\r\n\r\nhello',
  '/chunks':
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '9\r\ndata: a\n\n\r\n13\r\ndata: two at once\n\n\r\n1\r\nx\r\n0\r\n\r\n',
  '/trailers':
    'HTTP/1.1 200 OK\r\nTrailer: X-Sum, X-Other\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 42\r\nX-Other: 1\r\n\r\n',
  '/packed': `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${PACKED.length}\r\n\r\n${PACKED}`,
  '/cookies': 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n',
  '/part': 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n\r\nllo',
  '/moved': 'HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere?x=1\r\nContent-Length: 0\r\n\r\n',
  '/nothing': 'HTTP/1.1 204 No Content\r\nX-Left: 1\r\n\r\n',
  '/same': 'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n',
  '/wrong':
    'HTTP/1.1 418 I\'m a teapot\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"error":"tea"}',
  '/failed': 'HTTP/1.1 500 Oh\xe9\r\nContent-Length: 4\r\n\r\noops',
  '/cut': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial',
  '/cut-chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npartial\r\n',
};

let upstream: RawUpstream;
let proxy: ProxyHarness;

beforeAll(async () => {
  upstream = await startRawUpstream((socket, received) => {
    if (!received.includes('\r\n\r\n')) return;
    const path = /^\S+ ([^ ?]+)/.exec(received)?.[1] ?? '';
    const answer = ANSWERS[path] ?? 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
    const isHead = received.startsWith('HEAD');
    socket.end(Buffer.from(isHead ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer, 'latin1'));
  });
  proxy = await startProxy();
  proxy.addPool('p', [upstream.origin]);
});
afterAll(async () => {
  await proxy.close();
  await upstream.close();
});

interface Seen {
  direct: object;
  through: object;
}

interface CurlRun {
  /** What curl thinks of it: 18 = the body broke off. */
  exitCode: number;
  output: string;
}

function curl(url: string, options: readonly string[]): Promise<CurlRun> {
  const args = ['-s', '-i', '--raw', '--max-time', '20', ...options, url];
  return new Promise((resolve) => {
    execFile(CURL, args, { encoding: 'latin1', maxBuffer: 64_000_000 }, (error, output) =>
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, output }),
    );
  });
}

const OURS =
  /^(?:via|date|connection|keep-alive|x-request-id|x-gpuproxy-\w+|(?:x-)?ratelimit[\w-]*|transfer-encoding): .*\r\n/gim;

/** Without what a proxy has to add, and with names in one case: framing and bodies stay byte for byte. */
function compared({ exitCode, output }: CurlRun): object {
  const end = output.indexOf('\r\n\r\n') + 4;
  const [status, ...fields] = output.slice(0, end).replace(OURS, '').trimEnd().split('\r\n');
  const isChunked = /^transfer-encoding: chunked/im.test(output.slice(0, end));
  const names = fields.map((field) => field.replace(/^[^:]+/, (name) => name.toLowerCase())).sort();
  return { exitCode, status, names, isChunked, body: output.slice(end) };
}

async function seenBothWays(path: string, options: readonly string[] = []): Promise<Seen> {
  const [direct, through] = await Promise.all([
    curl(`${upstream.origin}${path}`, options),
    curl(`${proxy.url}${PREFIX}${path}`, ['-H', `X-API-Key: ${KEY}`, ...options]),
  ]);
  expect(through.output).toContain('X-GPUProxy-Instance: i0');
  return { direct: compared(direct), through: compared(through) };
}

describe('curl --raw sees through the proxy what it sees directly', () => {
  it.each(Object.keys(ANSWERS).filter((path) => path !== '/trailers'))('at %s', async (path) => {
    const { direct, through } = await seenBothWays(path);
    expect(through).toEqual(direct);
  });

  it('with the sizes of chunks, and the trailers it asks for', async () => {
    expect((await seenBothWays('/chunks')).through).toMatchObject({
      isChunked: true,
      body: '9\r\ndata: a\n\n\r\n13\r\ndata: two at once\n\n\r\n1\r\nx\r\n0\r\n\r\n',
    });
    expect(
      (await seenBothWays('/trailers', ['-H', 'TE: trailers', '-H', 'Connection: TE'])).through,
    ).toMatchObject({
      body: '4\r\nbody\r\n0\r\nX-Sum: 42\r\nX-Other: 1\r\n\r\n',
    });
  });

  it.each([
    ['HEAD', ['-I']],
    ['an offer of HTTP/2', ['--http2']],
    ['a range', ['-r', '2-4']],
    ['a form', ['-d', 'a=b']],
    ['an odd method', ['-X', 'PURGE']],
  ])('with %s', async (_, options) => {
    const { direct, through } = await seenBothWays('/length', options);
    expect(through).toEqual(direct);
  });

  it('with the ends of bodies that broke off', async () => {
    expect((await seenBothWays('/cut')).through).toMatchObject({ exitCode: 18, body: 'partial' });
    expect((await seenBothWays('/cut-chunks')).through).toMatchObject({
      exitCode: 18,
      body: '7\r\npartial\r\n',
    });
  });
});

describe('curl uploads', () => {
  let server: Server;
  let folder: TempFolder;

  beforeAll(async () => {
    folder = await createTempFolder('curl');
    server = createServer((request, response) => {
      response.setHeader('x-length', String(request.headers['content-length']));
      let size = 0;
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.on('end', () => response.end(String(size)));
    });
    proxy.setPools({
      p: { on: [upstream.origin] },
      up: { on: [`http://127.0.0.1:${await listen(server)}`] },
    });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    return folder.remove();
  });

  const upload = (file: string, key: string, options: string[]): Promise<CurlRun> =>
    curl(`${proxy.url}/api/v1/gpu/pools/up/proxy/x`, ['-H', `X-API-Key: ${key}`, '-T', file, ...options]);

  it('a large file after it has asked whether it may, and not without a good key', async () => {
    const file = join(folder.path, 'file');
    await writeFile(file, Buffer.alloc(3_000_000, 'x'));
    const sent = await upload(file, KEY, []);
    expect(sent.output).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*x-length: 3000000[^]*3000000/,
    );
    const chunked = await upload(file, KEY, ['-H', 'Transfer-Encoding: chunked']);
    expect(chunked.output).toMatch(/HTTP\/1\.1 200 [^]*x-length: undefined[^]*3000000/);
    const refused = await upload(file, 'wrong', ['-w', '%{size_upload}']);
    expect(refused.output).toMatch(/^HTTP\/1\.1 401 [^]*\b0$/);
  });
});
