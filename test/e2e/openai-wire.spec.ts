import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import OpenAI, { APIError, toFile } from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  completion,
  event,
  json,
  piece,
  startOpenAiUpstream,
  stream,
  usageChunk,
  wholeCompletion,
  type OpenAiUpstream,
} from '../support/openai-upstream.js';
import { heldBytes } from '../support/held-bytes.js';
import { KEY, deferred, listen, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin, startRawUpstream } from '../support/raw-upstream.js';

const MESSAGES = [{ role: 'user' as const, content: 'Hi' }];
const CHAT = '/v1/chat/completions';
const MAX_BODY = 4_000_000;

let upstream: OpenAiUpstream;
let proxy: ProxyHarness;
let client: OpenAI;

const clientOf = ({ url }: { url: string }, apiKey = KEY): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${url}/v1` });

beforeAll(async () => {
  upstream = await startOpenAiUpstream();
  proxy = await startProxy({ PROXY_MAX_BODY: String(MAX_BODY), PROXY_IDLE_TIMEOUT: '400ms' });
  proxy.addPool('p', [upstream.origin], { models: ['m', 'org/m'] });
  client = clientOf(proxy);
});

beforeEach(() => {
  upstream.reply = completion;
  upstream.received.length = 0;
  proxy.usage.length = 0;
});

afterEach(async () => {
  await proxy.door.whenIdle();
  const leases = proxy.balancer.load('i0')?.activeConnections;
  if (leases !== 0 || proxy.upstream.activeCount !== 0) throw new Error('something still counts as active');
});

afterAll(async () => {
  await proxy.close();
  await upstream.close();
});

function post(body: string | Buffer, headers: Record<string, string> = {}, path = CHAT): Promise<Response> {
  const all = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers };
  return fetch(`${proxy.url}${path}`, { method: 'POST', headers: all, body });
}

const failure = (work: Promise<unknown>): Promise<APIError> =>
  work.then(
    () => Promise.reject(new Error('it went well')),
    (error: unknown) => error as APIError,
  );

const chat = (extra: object = {}): string => JSON.stringify({ model: 'm', messages: MESSAGES, ...extra });

const lastBody = (): string => upstream.received.at(-1)?.body.toString() ?? '';

describe('bodies and headers', () => {
  it('pass byte for byte, without the credentials of the caller', async () => {
    const body =
      '{ "model" : "m","n":9007199254740993, "t":1.0,"messages":[{"content":"\\u00e9\u00e9 \\"model\\""}] }';
    const answer = await post(body, {
      'x-request-id': 'my-id',
      cookie: 'a=b',
      'x-pool': 'p',
      'x-other': 'kept',
    });
    expect(await answer.json()).toEqual(wholeCompletion);
    expect(answer.headers.get('x-request-id')).toBe('my-id');
    expect(answer.headers.get('x-gpuproxy-instance')).toBe('i0');
    const [{ headers, path }] = upstream.received;
    expect([lastBody(), path]).toEqual([body, CHAT]);
    expect(headers).toMatchObject({ 'x-request-id': 'my-id', 'x-other': 'kept' });
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^(?:authorization|cookie|x-pool|x-api-key|accept-encoding)$/),
      ]),
    );
  });

  it('lose the name of the pool, and nothing else', async () => {
    await post('{"x":1.0,"model":"p/org/m","messages":[]}');
    expect(lastBody()).toBe('{"x":1.0,"model":"org/m","messages":[]}');
    await post('{"model":"p\\/m"}', { 'x-pool': 'p' });
    expect(lastBody()).toBe('{"model":"m"}');
    await post('{"model":"org/m"}');
    expect(lastBody()).toBe('{"model":"org/m"}');
  });

  it('may be long, with the model at their end', async () => {
    const body = JSON.stringify({
      messages: [{ role: 'user', content: 'x"\\'.repeat(700_000) }],
      model: 'p/m',
    });
    expect((await post(body)).status).toBe(200);
    expect(lastBody()).toBe(body.replace('p/m', 'm'));
  });

  it('may not be longer than PROXY_MAX_BODY, declared or not', async () => {
    const tooLong = Buffer.alloc(MAX_BODY + 1, 'x');
    const declared = await failure(
      client.chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content: 'x'.repeat(MAX_BODY) }],
      }),
    );
    expect(declared).toMatchObject({ status: 413, code: 'payload_too_large', type: 'invalid_request_error' });
    const chunked = await fetch(`${proxy.url}${CHAT}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: new Blob([tooLong]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect([chunked.status, upstream.received.length]).toEqual([413, 0]);
  });

  it('that are a form by mistake go on as JSON', async () => {
    await post(chat(), { 'content-type': 'application/x-www-form-urlencoded' });
    expect(upstream.received[0].headers['content-type']).toBe('application/json');
    expect(lastBody()).toBe(chat());
  });

  it('that hold no JSON go where X-Pool says', async () => {
    const file = await toFile(Buffer.from([0, 1, 2, 255]), 'a.wav');
    upstream.reply = (_, response) => json(response, 200, { text: 'hello' });
    const pooled = new OpenAI({ apiKey: KEY, baseURL: `${proxy.url}/v1`, defaultHeaders: { 'X-Pool': 'p' } });
    expect(await pooled.audio.transcriptions.create({ file, model: 'whisper' })).toMatchObject({
      text: 'hello',
    });
    const { headers, body, path } = upstream.received[0];
    expect([path, headers['content-type']]).toEqual([
      '/v1/audio/transcriptions',
      expect.stringContaining('multipart/form-data; boundary='),
    ]);
    expect(body.includes(Buffer.from([0, 1, 2, 255]))).toBe(true);
    expect(await failure(client.audio.transcriptions.create({ file, model: 'm' }))).toMatchObject({
      status: 400,
      code: 'pool_required',
    });
  });

  it('are not needed with X-Pool, on any route', async () => {
    upstream.reply = ({ method, path }, response) => json(response, 200, { method, path });
    const answer = await fetch(`${proxy.url}/v1/files/f-1?a=%2F`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${KEY}`, 'x-pool': 'p' },
    });
    expect(await answer.json()).toEqual({ method: 'DELETE', path: '/v1/files/f-1?a=%2F' });
  });
});

describe('bodies that are longer than a mebibyte', () => {
  const long = (members: string): string =>
    `{"model":"p/m","messages":[{"role":"user","content":"${'x\\"\\\\'.repeat(400_000)}"}]${members}}`;
  const renamed = (body: string): string => body.replace('p/m', 'm');

  it('go on while they come, once their model is known', async () => {
    const arrived = deferred();
    const server = createServer((request, response) => {
      request.once('data', () => arrived.resolve());
      void buffer(request).then((body) => response.end(body));
    });
    const own = await startProxy();
    own.addPool('p', [`http://127.0.0.1:${await listen(server)}`], { models: ['m'] });
    const body = long('');
    const headers = { authorization: `Bearer ${KEY}`, 'content-length': body.length };
    const asking = httpRequest(`${own.url}/v1/embeddings`, { method: 'POST', headers });
    const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
    asking.write(body.slice(0, 1_500_000));
    await arrived.promise;
    asking.end(body.slice(1_500_000));
    expect(await text((await answered)[0])).toBe(renamed(body));
    expect(own.usage.at(-1)).toMatchObject({ bytesIn: body.length, status: 200 });
    await own.close();
    server.close();
  });

  it.each([
    ['asked for', ',"stream":true', ',"stream":true,"stream_options":{"include_usage":true}'],
    [
      'asked for instead of the refusal',
      ',"stream":true,"stream_options":{"include_usage":false}',
      ',"stream":true,"stream_options":{"include_usage":true}',
    ],
    ['not asked for without a stream', ',"stream":false', ',"stream":false'],
  ])('have their usage %s', async (_, given, sent) => {
    upstream.reply = (_request, response) => stream(response, [event(piece('a')), event(usageChunk)]);
    const reply = await (await post(long(given))).text();
    expect(lastBody()).toBe(renamed(long(sent)));
    expect(reply.includes('usage')).toBe(!given.includes('true'));
  });

  it.each([
    ['name two models', () => long(',"model":"other"'), 400],
    ['are no JSON after all', () => long(',stream:true'), 400],
    ['are too long while they are counted', () => long(`,"user":"${'x'.repeat(MAX_BODY)}"`), 413],
  ])('are refused when they %s, and never arrive as a whole', async (_, body, status) => {
    const answer = await fetch(`${proxy.url}${CHAT}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: new Blob([body()]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect([answer.status, upstream.received.length]).toEqual([status, 0]);
  });

  it('find another instance when one refuses connections', async () => {
    const own = await startProxy();
    own.addPool('p', [await refusedOrigin(), upstream.origin], { models: ['m'] });
    const answer = await fetch(`${own.url}${CHAT}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: long(''),
    });
    expect([answer.status, answer.headers.get('x-gpuproxy-attempts')]).toEqual([200, '2']);
    expect(lastBody()).toBe(renamed(long('')));
    await own.close();
  });

  it('hold no more memory when they are longer', async () => {
    const server = createServer((request, response) => void request.resume().on('end', () => response.end()));
    const own = await startProxy();
    own.addPool('p', [`http://127.0.0.1:${await listen(server)}`], { models: ['m'] });
    const chunk = Buffer.alloc(1_000_000, 'x');
    const send = async (megabytes: number): Promise<number> => {
      const headers = { authorization: `Bearer ${KEY}`, 'transfer-encoding': 'chunked' };
      const asking = httpRequest(`${own.url}/v1/embeddings`, { method: 'POST', headers });
      const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
      asking.write('{"model":"m","input":"');
      let most = 0;
      for (let sent = 0; sent < megabytes; sent += 1) {
        if (!asking.write(chunk)) await once(asking, 'drain');
        if (sent % 4 === 3) most = Math.max(most, heldBytes());
      }
      asking.end('"}');
      expect((await answered)[0].resume().statusCode).toBe(200);
      return most;
    };
    const few = await send(8);
    expect((await send(60)) - few).toBeLessThan(24_000_000);
    await own.close();
    server.closeAllConnections();
    server.close();
  });
});

describe('usage', () => {
  const OPTIONS = [
    ['not asked for', undefined, false],
    ['null', null, false],
    ['empty', {}, false],
    ['declined', { include_usage: false }, false],
    ['asked for', { include_usage: true }, true],
  ] as const;

  it.each(OPTIONS)(
    'of a stream is metered when it is %s, and shown as asked',
    async (_, options, isShown) => {
      const stream = await client.chat.completions.create({
        model: 'm',
        messages: MESSAGES,
        stream: true,
        ...(options === undefined ? {} : { stream_options: options }),
      });
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello!');
      expect(chunks.filter(({ usage }) => usage)).toHaveLength(isShown ? 1 : 0);
      expect(chunks).toHaveLength(isShown ? 4 : 3);
      expect(JSON.parse(lastBody())).toMatchObject({ stream_options: { include_usage: true } });
      expect(proxy.usage).toMatchObject([
        { inputTokens: 5, outputTokens: 3, protocol: 'openai', route: CHAT, pool: 'p' },
      ]);
    },
  );

  it.each(OPTIONS)(
    'that is %s leaves every other byte as the server sent it',
    async (_, options, isShown) => {
      const body = chat({ stream: true, ...(options === undefined ? {} : { stream_options: options }) });
      const through = await post(body);
      const direct = await fetch(`${upstream.origin}${CHAT}`, { method: 'POST', body: lastBody() });
      const expected = await direct.text();
      expect(await through.text()).toBe(isShown ? expected : expected.replace(event(usageChunk), ''));
      expect(expected).toContain(event(usageChunk));
    },
  );

  it('is not asked for where it is no question of completions', async () => {
    const body = '{"model":"m","stream":true,"input":"x"}';
    await post(body, {}, '/v1/responses');
    expect(lastBody()).toBe(body);
  });

  it('survives wherever the server cuts its stream', async () => {
    const parts = [': hello\n\n', piece('ä"usage":{'), piece('b'), usageChunk, '[DONE]'];
    const whole = parts.map((part) =>
      typeof part === 'string' && part.startsWith(':') ? part : event(part),
    );
    const bytes = Buffer.from(whole.join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        upstream.reply = async (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          for (let index = 1; index < at.length; index += 1) {
            response.write(bytes.subarray(at[index - 1], at[index]));
            await new Promise(setImmediate);
          }
          response.end();
        };
        const answer = await post(chat({ stream: true }));
        expect(await answer.text()).toBe(whole.filter((part) => part !== event(usageChunk)).join(''));
      }),
      { numRuns: 40 },
    );
  });

  it('is found at the start of long embeddings', async () => {
    const data = [{ object: 'embedding', index: 0, embedding: Array.from({ length: 5000 }, () => 0.123456) }];
    const usage = { prompt_tokens: 7, total_tokens: 7 };
    upstream.reply = (_, response) => json(response, 200, { object: 'list', model: 'm', usage, data });
    await client.embeddings.create({ model: 'm', input: 'x', encoding_format: 'float' });
    expect(proxy.usage).toMatchObject([{ inputTokens: 7, outputTokens: 0, route: '/v1/embeddings' }]);
  });
});

describe('streams', () => {
  it('go on event by event while the server still writes', async () => {
    const gates = [deferred(), deferred()];
    upstream.reply = async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const [index, gate] of gates.entries()) {
        response.write(event(piece(String(index))));
        await gate.promise;
      }
      response.end(event('[DONE]'));
    };
    const answer = await post(chat({ stream: true }));
    const reader = answer.body?.getReader();
    for (const [index, gate] of gates.entries()) {
      const { value } = (await reader?.read()) ?? {};
      expect(Buffer.from(value ?? []).toString()).toBe(event(piece(String(index))));
      gate.resolve();
    }
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(event('[DONE]'));
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  it('end with an error that the client sees when the server dies in the middle of an event', async () => {
    upstream.reply = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(piece('Hel')) + event(piece('lo')) + 'data: {"choices":[{"del', () =>
        response.destroy(),
      );
    };
    const seen: unknown[] = [];
    const error = await failure(
      (async () => {
        const stream = await client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true });
        for await (const { choices } of stream) seen.push(choices[0].delta.content);
      })(),
    );
    expect(seen).toEqual(['Hel', 'lo']);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: 'upstream_unreachable', type: 'server_error' });
    expect(upstream.received).toHaveLength(1);
    expect(proxy.usage).toMatchObject([{ status: 200, outputTokens: 2 }]);
  });

  it('that broke off never end cleanly on the wire', async () => {
    upstream.reply = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': 9999 });
      response.write(event(piece('a')), () => response.destroy());
    };
    const body = chat({ stream: true });
    const bytes = await sendRaw(
      proxy.port,
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(bytes).toContain('"code":"upstream_unreachable"}}\n\n');
    expect(bytes).not.toMatch(/content-length/i);
    expect(bytes).not.toMatch(/\r\n0\r\n/);
  });

  it.each([
    ['falls silent', {}, 'upstream_idle_timeout'],
    ['takes too long', { 'x-timelimit': '100ms' }, 'time_limit_exceeded'],
  ])('are told why when the server %s', async (_, headers, code) => {
    upstream.reply = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(piece('a')));
    };
    const answer = await post(chat({ stream: true }), headers as Record<string, string>);
    const chunks: Buffer[] = [];
    await expect(
      (async () => {
        for await (const chunk of answer.body ?? []) chunks.push(Buffer.from(chunk as Uint8Array));
      })(),
    ).rejects.toThrow('terminated');
    const [first, last] = Buffer.concat(chunks).toString().split('\n\n');
    expect(`${first}\n\n`).toBe(event(piece('a')));
    expect(JSON.parse(last.replace('data: ', ''))).toMatchObject({ error: { code, type: 'server_error' } });
  });

  it('without [DONE] and without usage end as the server ended them', async () => {
    const finish = {
      ...piece(''),
      choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
      usage: usageChunk.usage,
    };
    upstream.reply = (_, response) => stream(response, [event(piece('a')), event(finish)]);
    const answer = await post(chat({ stream: true }));
    expect(await answer.text()).toBe(event(piece('a')) + event(finish));
    expect(proxy.usage).toMatchObject([{ inputTokens: 5, outputTokens: 3 }]);
  });

  it('keep an end without its blank line', async () => {
    upstream.reply = (_, response) => stream(response, [event(piece('a')), 'data: [DONE]']);
    expect(await (await post(chat({ stream: true }))).text()).toBe(`${event(piece('a'))}data: [DONE]`);
  });

  it('stop the server when the client leaves, and bill what was seen', async () => {
    upstream.reply = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(piece('a')) + event(piece('b')));
    };
    const aborted = upstream.nextAbort();
    const stream = await client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true });
    const booked = proxy.nextUsage();
    for await (const { choices } of stream) if (choices[0].delta.content === 'b') stream.controller.abort();
    await aborted;
    expect(await booked).toMatchObject({ status: 200, outputTokens: 2 });
  });
});

describe('errors', () => {
  const create = (from = client, model = 'm'): Promise<unknown> =>
    from.chat.completions.create({ model, messages: MESSAGES });

  it.each([
    ['a bad key', 'nonsense', 401, 'invalid_api_key', 'authentication_error'],
    ['a key without the scope', 'key-without-scope', 403, 'insufficient_scope', 'permission_error'],
  ])('at the door are in the envelope: %s', async (_, key, status, code, type) => {
    const error = await failure(create(clientOf(proxy, key)));
    expect(error).toMatchObject({ status, code, type, param: null });
    expect(error.requestID).toMatch(/^[\w.-]+$/);
  });

  it('name the model that nobody serves, and the pool that nobody has', async () => {
    expect(await failure(create(client, 'gpt-9'))).toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      type: 'invalid_request_error',
    });
    expect(await failure(create(client, 'p/gpt-9'))).toMatchObject({ code: 'model_not_found' });
    expect(await failure(create(clientOf(proxy, 'key-of-user-2')))).toMatchObject({
      code: 'model_not_found',
    });
    const answer = await post(chat(), { 'x-pool': 'nowhere' });
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ error: expect.objectContaining({ code: 'pool_not_found' }) }),
    ]);
  });

  it.each([
    ['{"messages":[]}', 'model_required'],
    ['{"model":7}', 'invalid_model'],
    ['{"model":"m","model":"n"}', 'malformed_json'],
    ['not json', 'malformed_json'],
    ['', 'pool_required'],
  ])('are told before anything is sent: %s', async (body, code) => {
    const answer = await post(body);
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      400,
      code,
    ]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(upstream.received).toHaveLength(0);
  });

  it('of the server pass as they are, and are retried as the client sees fit', async () => {
    upstream.reply = (_, response) =>
      void response.writeHead(500, { 'content-type': 'text/plain', 'retry-after-ms': '1' }).end('CUDA error');
    expect(await failure(create())).toMatchObject({ status: 500, message: '500 CUDA error' });
    expect(upstream.received.map(({ headers }) => headers['x-stainless-retry-count'])).toEqual([
      '0',
      '1',
      '2',
    ]);
  });

  it('of credentials that the server wants are ours to tell, and not retried', async () => {
    upstream.reply = (_, response) =>
      json(response, 401, { error: { message: 'no', code: 'invalid_api_key' } });
    expect(await failure(create())).toMatchObject({ status: 502, code: 'upstream_auth_required' });
    expect(upstream.received).toHaveLength(1);
  });

  it('are not to be retried after we have tried several instances', async () => {
    const own = await startProxy();
    own.addPool('p', [await refusedOrigin(), await refusedOrigin()], { models: ['m'] });
    const error = await failure(create(clientOf(own)));
    expect(error).toMatchObject({ status: 502, code: 'upstream_unreachable' });
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(error.headers?.get('x-gpuproxy-attempts')).toBe('2');
    expect(own.usage).toHaveLength(1);
    await own.close();
  });

  it('of a pool without instances say when to come back', async () => {
    const own = await startProxy();
    own.addPool('p', [], { models: ['m'] });
    const error = await failure(
      new OpenAI({ apiKey: KEY, baseURL: `${own.url}/v1`, maxRetries: 0 }).chat.completions.create({
        model: 'm',
        messages: [],
      }),
    );
    expect(error).toMatchObject({ status: 503, code: 'no_healthy_instance', type: 'server_error' });
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0);
    await own.door.whenIdle();
    expect(own.usage).toEqual([]);
    await own.close();
  });

  it('of limits are 429 with the time to wait', async () => {
    const own = await startProxy({ PROXY_RATE_LIMIT_PER_MINUTE: '1' });
    own.addPool('p', [upstream.origin], { models: ['m'] });
    const impatient = new OpenAI({ apiKey: KEY, baseURL: `${own.url}/v1`, maxRetries: 0 });
    await create(impatient);
    const error = await failure(create(impatient));
    expect(error).toMatchObject({ status: 429, code: 'rate_limited', type: 'rate_limit_error' });
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0);
    await own.close();
  });

  it('of a server that speaks no HTTP are 502', async () => {
    const raw = await startRawUpstream('hello\r\n\r\n');
    const own = await startProxy();
    own.addPool('p', [raw.origin], { models: ['m'] });
    const client = new OpenAI({ apiKey: KEY, baseURL: `${own.url}/v1`, maxRetries: 0 });
    expect(await failure(create(client))).toMatchObject({ status: 502, code: 'upstream_protocol_error' });
    await own.close();
    await raw.close();
  });
});

describe('500 requests with every kind of end', () => {
  it('leave nothing active', async () => {
    upstream.reply = async ({ body }, response) => {
      const { user } = JSON.parse(body.toString()) as { user: string };
      if (user === 'die') return void response.destroy();
      if (user === 'fail') return json(response, 500, { error: { message: 'x' } });
      if (user === 'refuse') return json(response, 401, {});
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(piece('a')));
      if (user === 'hang') return;
      await delay(1);
      if (user === 'cut') response.destroy();
      else response.end(event(usageChunk) + event('[DONE]'));
    };
    const kinds = ['well', 'die', 'fail', 'refuse', 'hang', 'cut', 'leave', 'unknown'];
    const run = async (index: number): Promise<void> => {
      const user = kinds[index % kinds.length];
      const leaving = new AbortController();
      const model = user === 'unknown' ? 'nobody' : 'm';
      const answer = await fetch(`${proxy.url}${CHAT}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}` },
        body: JSON.stringify({ model, messages: MESSAGES, stream: true, user }),
        signal: leaving.signal,
      });
      if (user === 'leave') leaving.abort();
      await answer.text();
    };
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 500) await run(next++).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: 25 }, worker));
    await proxy.door.whenIdle();
    expect(proxy.usage.length).toBeGreaterThan(400);
    expect([
      proxy.balancer.load('i0')?.activeConnections,
      proxy.upstream.activeCount,
      proxy.door.activeCount,
    ]).toEqual([0, 0, 0]);
  });
});
