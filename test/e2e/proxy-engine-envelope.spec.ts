import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KEY, listen, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin, startRawUpstream } from '../support/raw-upstream.js';

let proxy: ProxyHarness;
let server: Server;
let origin = '';
let seen: { request: IncomingMessage; body: string };
let answer: (response: ServerResponse) => void;

const json = (text: string) => (response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end(text);

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen = { request, body: Buffer.concat(chunks).toString('utf8') };
      answer(response);
    });
  });
  origin = `http://127.0.0.1:${await listen(server)}`;
  proxy = await startProxy({ PROXY_MAX_BODY: '100000' });
  proxy.addPool('p', [origin]);
  answer = json('{}');
});

afterEach(() => {
  answer = json('{}');
});

afterAll(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Record<string, unknown>;
}

async function send(text: string, headers: Record<string, string> = {}, through = proxy): Promise<Answer> {
  const response = await fetch(`${through.url}/api/v1/gpu/proxy`, {
    method: 'POST',
    headers: { 'x-api-key': KEY, 'content-type': 'application/json', ...headers },
    body: text,
  });
  const body = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const parsed = isJson ? (JSON.parse(body) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, text: body, body: parsed };
}

const ask = (request: object, headers?: Record<string, string>): Promise<Answer> =>
  send(JSON.stringify({ protocol: 'http', pool: 'p', ...request }), headers);

const fieldsOf = ({ body }: Answer): string[] =>
  (body.errors as { field: string }[]).map(({ field }) => field);

describe('POST gpu/proxy', () => {
  it('answers with the upstream’s status, headers and body', async () => {
    answer = (response) => {
      response.statusCode = 201;
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.setHeader('x-twice', ['one', 'two']);
      json('{"done": true}')(response);
    };
    const { status, body, headers } = await ask({ method: 'put', path: '/v1/x?q=1', body: { a: 1 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status_code: 201,
      body: { done: true },
      instance_id: 'i0',
      attempts: 1,
      headers: { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'], 'x-twice': 'one, two' },
    });
    expect(body.duration_ms).toEqual(expect.any(Number));
    expect(headers.get('x-gpuproxy-instance')).toBe('i0');
    expect(headers.get('x-request-id')).toBeTruthy();
    expect(seen.request.method).toBe('PUT');
    expect(seen.request.url).toBe('/v1/x?q=1');
    expect(seen.request.headers).toMatchObject({
      'content-type': 'application/json',
      'accept-encoding': 'identity',
    });
    expect(proxy.usage.at(-1)).toMatchObject({ route: '/api/v1/gpu/proxy', protocol: 'http', status: 201 });
  });

  it('tells headers by whatever name', async () => {
    const odd = await startRawUpstream(
      'HTTP/1.1 200 OK\r\nConstructor: a\r\nconstructor: b\r\nSet-Cookie: c=1\r\nContent-Length: 0\r\n\r\n',
    );
    const own = await startProxy();
    own.addPool('p', [odd.origin]);
    const answer = await fetch(`${own.url}/api/v1/gpu/proxy`, {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: JSON.stringify({ protocol: 'http', pool: 'p' }),
    });
    const { headers } = (await answer.json()) as { headers: object };
    expect(headers).toMatchObject({ constructor: 'a, b', 'set-cookie': ['c=1'] });
    await own.close();
    await odd.close();
  });

  it('keeps the digits of numbers both ways', async () => {
    answer = json('{"id": 9007199254740993, "x": 1.0}');
    const text =
      '{"protocol":"http","pool":"p","body" : {"id": 9007199254740993, "x": 1.0, "e": 1E5, "s":"}\\"\\\\"} }';
    const { text: reply } = await send(text);
    expect(seen.body).toBe('{"id": 9007199254740993, "x": 1.0, "e": 1E5, "s":"}\\"\\\\"}');
    expect(reply).toContain('"body":{"id": 9007199254740993, "x": 1.0}');
  });

  it('sends a text as it is, and uses GET without a body', async () => {
    await ask({ body: 'plain text' });
    expect(seen).toMatchObject({ body: 'plain text' });
    expect(seen.request.headers['content-type']).toBe('text/plain; charset=utf-8');
    await ask({ body: null });
    expect(seen.request.method).toBe('GET');
    expect(seen.request.url).toBe('/');
  });

  it('tells text as text and bytes in base64', async () => {
    answer = (response) => void response.setHeader('content-type', 'text/plain').end('héllo');
    expect((await ask({})).body.body).toBe('héllo');
    answer = json('{broken');
    expect((await ask({})).body.body).toBe('{broken');
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    answer = (response) => void response.end(bytes);
    expect((await ask({})).body).toMatchObject({ body: bytes.toString('base64'), body_encoding: 'base64' });
    const packed = gzipSync('{}');
    answer = (response) => void response.setHeader('content-encoding', 'gzip').end(packed);
    expect((await ask({})).body).toMatchObject({ body: packed.toString('base64'), body_encoding: 'base64' });
  });

  it('relays with stream: true or its alias', async () => {
    answer = (response) => void response.writeHead(418, { 'x-a': 'b' }).end('as it is');
    for (const field of ['stream', 'stream_response']) {
      const { status, text, headers } = await ask({ [field]: true });
      expect({ status, text }).toEqual({ status: 418, text: 'as it is' });
      expect(headers.get('x-a')).toBe('b');
    }
  });

  it('reads JSON that curl calls a form', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ask({ body: { a: 1 } }, form)).status).toBe(200);
    expect((await send('a=b&c=d', form)).body.code).toBe('malformed_json');
  });

  it('carries the caller’s headers and the upstream’s credentials, never our key', async () => {
    await ask({
      headers: { 'X-API-Key': 'of-the-upstream', 'X-A': 'b', Connection: 'x-a', Host: 'evil.test' },
      upstream_headers: { Authorization: 'Bearer of-the-upstream' },
    });
    expect(seen.request.headers).toMatchObject({
      'x-api-key': 'of-the-upstream',
      authorization: 'Bearer of-the-upstream',
      'x-a': 'b',
      host: new URL(origin).host,
      via: '1.1 gpuproxy',
    });
    expect(seen.request.rawHeaders.join()).not.toContain(KEY);
  });

  it('reaches an own instance by its id and by its URL', async () => {
    const byId = await send('{"protocol":"http","instance_id":"i0"}');
    expect(byId.body).toMatchObject({ status_code: 200, instance_id: 'i0' });
    const byUrl = await send(JSON.stringify({ protocol: 'http', target_url: `${origin}/a?b` }));
    expect(byUrl.body).toMatchObject({ status_code: 200, instance_id: 'i0' });
    expect(seen.request.url).toBe('/a?b');
    const foreign = { 'x-api-key': 'key-of-user-2' };
    expect((await send('{"protocol":"http","instance_id":"i0"}', foreign)).status).toBe(404);
    const refused = await send(JSON.stringify({ protocol: 'http', target_url: origin }), foreign);
    expect({ status: refused.status, code: refused.body.code }).toEqual({
      status: 403,
      code: 'target_not_allowed',
    });
    expect(refused.text).not.toContain('127.0.0.1');
  });

  it('refuses targets that are not public, and reaches those in an opened range', async () => {
    for (const url of [
      'http://169.254.169.254/latest',
      'http://[::1]/',
      'http://10.0.0.1/',
      'http://a:b@8.8.8.8/',
    ]) {
      expect((await send(JSON.stringify({ protocol: 'http', target_url: url }))).body.code).toBe(
        'target_not_allowed',
      );
    }
    const opened = await startProxy({ PROXY_ALLOW_PRIVATE_CIDRS: '127.0.0.0/8' });
    opened.own.addListener(opened.port);
    const request = (url: string): string => JSON.stringify({ protocol: 'http', target_url: url });
    const reply = await send(request(`${origin}/x`), {}, opened);
    expect(reply.body).toMatchObject({ status_code: 200, attempts: 1 });
    expect(reply.body).not.toHaveProperty('instance_id');
    expect((await send(request(`${opened.url}/health`), {}, opened)).body.code).toBe('target_not_allowed');
    await opened.close();
  });

  it('is a problem when the upstream never answers', async () => {
    const opened = await startProxy({
      PROXY_ALLOW_PRIVATE_CIDRS: '127.0.0.0/8',
      PROXY_IDLE_TIMEOUT: '200ms',
    });
    const request = (url: string, more = {}): string =>
      JSON.stringify({ protocol: 'http', target_url: url, ...more });
    const refused = await send(request(await refusedOrigin()), {}, opened);
    expect({ status: refused.status, code: refused.body.code }).toEqual({
      status: 502,
      code: 'upstream_unreachable',
    });
    expect((await send(request('http://no-such-host.invalid/'), {}, opened)).body.code).toBe(
      'upstream_unreachable',
    );
    answer = () => undefined;
    const limited = await send(request(origin, { timeout_ms: 100 }), { 'x-timelimit': '1h' }, opened);
    expect({ status: limited.status, code: limited.body.code }).toEqual({
      status: 504,
      code: 'time_limit_exceeded',
    });
    answer = (response) => void response.write('half');
    const silent = await send(request(origin), {}, opened);
    expect({ status: silent.status, code: silent.body.code }).toEqual({
      status: 504,
      code: 'upstream_idle_timeout',
    });
    const breaking = await startRawUpstream('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    const broken = await send(request(breaking.origin), {}, opened);
    expect(broken.status).toBe(502);
    await breaking.close();
    await opened.close();
  });

  it('names every field that is wrong', async () => {
    const many = await send(
      JSON.stringify({
        protocol: 'gopher',
        pool: 'p',
        instance_id: 'i0',
        method: 'TRACE',
        path: 'no-slash',
        headers: { 'bad name': 'x', 'X-Bad': 'a\r\nb', 'X-Number': 1, 'X-Ours': 'gpx_live_abc' },
        timeout_ms: 0,
        stream: 'yes',
        nonsense: 1,
      }),
    );
    expect(many.status).toBe(422);
    expect(fieldsOf(many)).toEqual(
      expect.arrayContaining([
        'protocol',
        'nonsense',
        'instance_id',
        'path',
        'method',
        'headers.bad name',
        'headers.X-Bad',
        'headers.X-Number',
        'headers.X-Ours',
        'timeout_ms',
        'stream',
      ]),
    );
    expect(many.text).toContain('must be one of: http, https');
    expect(fieldsOf(await ask({ pool: undefined }))).toEqual(['target_url']);
    expect(fieldsOf(await ask({ pool: undefined, target_url: 'not a url' }))).toEqual(['target_url']);
    expect(
      fieldsOf(await ask({ protocol: 'https', pool: undefined, target_url: 'http://8.8.8.8/' })),
    ).toEqual(['target_url']);
  });

  it('is a 400 when it is no JSON object, and a 413 when it is too large', async () => {
    for (const text of ['', '[]', '"x"', '{', 'null', '{"a":1}x']) {
      expect((await send(text)).body).toMatchObject({ status: 400, code: 'malformed_json' });
    }
    expect((await ask({ body: 'x'.repeat(100_000) })).status).toBe(413);
    expect((await ask({ pool: 'other' })).body.code).toBe('pool_not_found');
  });
});
