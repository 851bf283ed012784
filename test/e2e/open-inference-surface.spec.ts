import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NUMBERS, TEXT, raw, startOipDouble, type OipDouble } from '../support/oip-double.js';
import { KEY, deferred, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin, startRawUpstream } from '../support/raw-upstream.js';

const AUTH = { 'x-api-key': KEY };
const JSON_BODY = { 'content-type': 'application/json' };
const MODELS = { mymodel: { inputs: [NUMBERS] }, llm: { inputs: [TEXT], generates: true } };

let proxy: ProxyHarness;
let double: OipDouble;

beforeAll(async () => {
  proxy = await startProxy({ PROXY_IDLE_TIMEOUT: '1s', PROXY_MAX_BODY: '4000000' });
});
beforeEach(async () => {
  double = await startOipDouble({ models: MODELS });
  proxy.setPools({ default: { on: [double.origin] } });
});
/** Every lease is back, nothing is under way. */
afterEach(async () => {
  await proxy.door.whenIdle();
  const active = [0, 1].map((index) => proxy.balancer.load(`i${index}`)?.activeConnections ?? 0);
  if ([...active, proxy.upstream.activeCount].some((count) => count > 0))
    throw new Error('something is left');
  await double.close();
});
afterAll(() => proxy.close());

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${proxy.url}${path}`, { ...init, headers: { ...AUTH, ...init.headers } });
}

function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return call(path, { method: 'POST', body, headers: { ...JSON_BODY, ...headers } });
}

async function errorOf(answer: Response): Promise<string> {
  expect(answer.headers.get('content-type')).toBe('application/json');
  const body = (await answer.json()) as { error: string };
  expect(Object.keys(body)).toEqual(['error']);
  return body.error;
}

const V1 =
  '{"id":"42","inputs":[{"name":"input0","shape":[2,2],"datatype":"UINT32","data":[1,2,3,4]},{"name":"input1","shape":[3],"datatype":"BOOL","data":[true]}],"outputs":[{"name":"output0"}]}';
const V1_ANSWER =
  '{"id":"42","outputs":[{"name":"output0","shape":[3,2],"datatype":"FP32","data":[1.0,1.1,2.0,2.1,3.0,3.1]}]}';
const INFER = 'POST /v2/models/mymodel/infer';

describe('bytes of infer', () => {
  const tensor = (datatype: string, shape: string, data: string): string =>
    `{"inputs":[{"name":"input0","shape":${shape},"datatype":"${datatype}","data":${data}}]}`;

  it.each([
    ['V1: the example of the specification, with a tensor that is too short', V1, V1_ANSWER],
    [
      'V2: nested data',
      tensor('INT32', '[2,2]', '[[1,2],[4,5]]'),
      tensor('INT32', '[2,2]', '[[1, 2], [4, 5]]'),
    ],
    ['V2: flat data', tensor('INT32', '[2,2]', '[1,2,4,5]'), tensor('INT32', '[2,2]', '[1,2,4,5]')],
    [
      'V6: INT64 beyond 2^53',
      tensor('INT64', '[1]', '[9007199254740993]'),
      tensor('INT64', '[1]', '[9007199254740993]'),
    ],
    ['types that the specification has not', tensor('BF16', '[1]', '[1e0]'), tensor('BF16', '[1]', '[-0.0]')],
  ])('%s', async (_, asked, answered) => {
    double.answers.set(INFER, (response) => raw(response, 200, answered));
    const answer = await post('/v2/models/mymodel/infer', asked);
    expect(await answer.text()).toBe(answered);
    expect(double.asked('/infer')[0].body.toString()).toBe(asked);
    expect(answer.headers.get('x-gpuproxy-instance')).toBe('i0');
    expect(answer.headers.get('x-gpuproxy-attempts')).toBe('1');
  });

  it('V3, V4: binary tensors, with both lengths', async () => {
    const head =
      '{"model_name":"mymodel","inputs":[{"name":"input0","shape":[2,2],"datatype":"UINT32","parameters":{"binary_data_size":16}},{"name":"input1","shape":[3],"datatype":"BOOL","parameters":{"binary_data_size":3}},{"name":"text","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":6}}],"outputs":[{"name":"output0","parameters":{"binary_data":true}}]}';
    const tensors = Buffer.concat([
      Buffer.from(new Uint32Array([1, 2, 3, 0xffffffff]).buffer),
      Buffer.from([1, 0, 1]),
      Buffer.from([2, 0, 0, 0, 0x68, 0x69]),
    ]);
    const asked = Buffer.concat([Buffer.from(head), tensors]);
    const answerHead =
      '{"model_name":"mymodel","outputs":[{"name":"output0","shape":[3,2],"datatype":"FP32","parameters":{"binary_data_size":24}}]}';
    const floats = Buffer.from(new Float32Array([1, 1.1, 2, 2.1, 3, NaN]).buffer);
    const answered = Buffer.concat([Buffer.from(answerHead), floats]);
    double.answers.set(INFER, (response) =>
      response
        .writeHead(200, {
          'content-type': 'application/octet-stream',
          'inference-header-content-length': answerHead.length,
          'content-length': answered.length,
        })
        .end(answered),
    );
    const answer = await post('/v2/models/mymodel/infer', asked, {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(answered);
    expect(answer.headers.get('inference-header-content-length')).toBe(String(answerHead.length));
    expect(answer.headers.get('content-length')).toBe(String(answered.length));
    const [seen] = double.asked('/infer');
    expect(seen.body).toEqual(asked);
    expect(seen.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
      'content-length': String(asked.length),
    });
    expect(seen.headers['transfer-encoding']).toBeUndefined();
  });

  it('longer than one packet, with the length it was sent with', async () => {
    const asked = Buffer.alloc(3_000_000, 'x');
    double.answers.set(INFER, (response) => raw(response, 200, '{}'));
    const answer = await post('/v2/models/mymodel/infer', asked, {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': '10',
    });
    expect(answer.status).toBe(200);
    const [seen] = double.asked('/infer');
    expect(seen.body.equals(asked)).toBe(true);
    expect(seen.headers['content-length']).toBe('3000000');
  });

  it('V5: an error of the server stays what it is', async () => {
    const text = '{"error": "unexpected shape\\u0020"}';
    double.answers.set(INFER, (response) => raw(response, 400, text));
    const answer = await post('/v2/models/mymodel/infer', V1);
    expect([answer.status, await answer.text()]).toEqual([400, text]);
  });
});

describe('paths', () => {
  it.each([
    ['GET', '/v2/models/mymodel'],
    ['GET', '/v2/models/mymodel/versions/1'],
    ['GET', '/v2/models/mymodel/ready'],
    ['GET', '/v2/models/mymodel/versions/1/ready'],
    ['POST', '/v2/models/mymodel/infer'],
    ['POST', '/v2/models/mymodel/versions/1/infer'],
    ['POST', '/v2/models/llm/generate'],
    ['POST', '/v2/models/llm/versions/1/generate'],
    ['POST', '/v2/models/llm/versions/1/generate_stream'],
  ])('%s %s reaches the server unchanged', async (method, path) => {
    const body = path.includes('llm') ? '{"text_input":"hi"}' : V1;
    const answer = method === 'GET' ? await call(`${path}?a=b%20c`) : await post(`${path}?a=b%20c`, body);
    await answer.text();
    const seen = double.asked('?a=b%20c');
    expect(seen.map(({ method: sent, url }) => `${sent} ${url}`)).toEqual([`${method} ${path}?a=b%20c`]);
  });

  it('names that hold slashes, written either way', async () => {
    double.models['meta/llama-3'] = { inputs: [TEXT] };
    for (const name of ['meta/llama-3', 'meta%2Fllama-3']) {
      double.answers.set(`GET /v2/models/${name}/ready`, (response) => raw(response, 200, '{"ready":true}'));
      expect((await call(`/v2/models/${name}/ready`)).status).toBe(200);
    }
  });

  it('V7: generate answers as the server did', async () => {
    const asked = '{"text_input":"client input","parameters":{"stream":false,"temperature":0}}';
    const answer = await post('/v2/models/llm/generate', asked);
    expect(await answer.json()).toEqual({
      model_name: 'llm',
      model_version: '1',
      text_output: 'client input said the double',
    });
    expect(double.asked('/generate')[0].body.toString()).toBe(asked);
  });

  it('books the route and the protocol', async () => {
    const booked = proxy.nextUsage();
    await (await post('/v2/models/mymodel/versions/7/infer', V1)).text();
    expect(await booked).toMatchObject({
      protocol: 'openinference',
      route: '/v2/models/{model}/versions/{version}/infer',
      pool: 'default',
      bytesIn: V1.length,
      inputTokens: undefined,
    });
  });
});

describe('generate_stream', () => {
  const STREAM = 'POST /v2/models/llm/generate_stream';
  const ask = (): Promise<Response> => post('/v2/models/llm/generate_stream', '{"text_input":"hi"}');
  const first = 'data: {"text_output":"one"}\n\n';

  it('passes events as they come', async () => {
    const rest = deferred();
    double.answers.set(STREAM, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(first);
      void rest.promise.then(() => response.end(': bye\n\ndata: {"text_output":" two"}\n\n'));
    });
    const reader = (await ask()).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe(first);
    rest.resolve();
    expect((await reader?.read())?.value).toBe(': bye\n\ndata: {"text_output":" two"}\n\n');
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  it('V8: an error in the middle is an event like any other', async () => {
    const text = `${first}data: {"error": "out of memory"}\n\n`;
    double.answers.set(STREAM, (response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text),
    );
    expect(await (await ask()).text()).toBe(text);
  });

  it('an error before the start is JSON', async () => {
    double.answers.set(STREAM, (response) => raw(response, 400, '{"error":"no such parameter"}'));
    const answer = await ask();
    expect([answer.status, await answer.text()]).toEqual([400, '{"error":"no such parameter"}']);
  });

  it.each([
    ['dies', (): boolean => true],
    ['falls silent', (): boolean => false],
  ])('ends with one error event, and not cleanly, when the server %s', async (_, dies) => {
    double.answers.set(STREAM, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`${first}data: {"text_`);
      if (dies()) setImmediate(() => response.destroy());
    });
    const body = '{"text_input":"hi"}';
    const request = `POST /v2/models/llm/generate_stream HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const received = await sendRaw(proxy.port, request);
    const events = received.match(/data: .*\n\n/g) ?? [];
    expect(events[0]).toBe(first);
    expect(JSON.parse(events[1].slice(6))).toEqual({ error: expect.stringContaining('upstream') });
    expect(events).toHaveLength(2);
    expect(received).not.toContain('\r\n0\r\n\r\n');
  });

  it('is broken off upstream when the client leaves', async () => {
    double.answers.set(STREAM, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(first);
    });
    const aborted = double.nextAbort();
    const leaving = new AbortController();
    const answer = await fetch(`${proxy.url}/v2/models/llm/generate_stream`, {
      method: 'POST',
      headers: { ...AUTH, ...JSON_BODY },
      body: '{"text_input":"hi"}',
      signal: leaving.signal,
    });
    await answer.body?.getReader().read();
    leaving.abort();
    await expect(aborted).resolves.toBeUndefined();
  });

  it('cuts an answer that is no stream without another word', async () => {
    double.answers.set(INFER, (response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"outputs":[');
      setImmediate(() => response.destroy());
    });
    const request = `POST /v2/models/mymodel/infer HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: 2\r\n\r\n{}`;
    const received = await sendRaw(proxy.port, request);
    expect(received.endsWith('{"outputs":[')).toBe(true);
  });
});

describe('credentials', () => {
  it('of the caller never go upstream, those of the pool do', async () => {
    proxy.setPools({ p: { on: [double.origin], upstreamHeaders: { authorization: 'Bearer of-the-pool' } } });
    await call('/v2/models/mymodel', {
      headers: { authorization: 'Bearer of-the-caller', cookie: 'a=b', 'x-pool': 'p', 'x-other': 'passes' },
    });
    const [seen] = double.asked('/v2/models/mymodel').slice(-1);
    expect(seen.headers).toMatchObject({ authorization: 'Bearer of-the-pool', 'x-other': 'passes' });
    expect(seen.rawHeaders.join()).not.toMatch(/of-the-caller|a=b|x-pool/i);
    expect(double.questions.map(({ rawHeaders }) => rawHeaders.join()).join()).not.toContain(KEY);
  });

  it('that are asked for by the server are no 401 for the caller', async () => {
    double.answers.set(INFER, (response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="x"' }).end('{"error":"who are you"}'),
    );
    const answer = await post('/v2/models/mymodel/infer', V1);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([502, null]);
    expect(await errorOf(answer)).toContain('upstream_headers');
  });
});

describe('refusals have the protocol’s form', () => {
  it.each([
    ['401 at the door', '/v2/health/live', { 'x-api-key': 'wrong' }, 401],
    ['403 for a key without the scope', '/v2', { 'x-api-key': 'key-without-scope' }, 403],
    ['400 for a bad time limit', '/v2/models/mymodel', { 'x-timelimit': 'soon' }, 400],
    ['400 for a name that is no percent-encoding', '/v2/models/%zz/ready', {}, 400],
    ['404 for an unknown model', '/v2/models/other/ready', {}, 404],
    ['404 for another’s model', '/v2/models/mymodel', { 'x-api-key': 'key-of-user-2' }, 404],
    ['404 for an unknown pool', '/v2/models/mymodel', { 'x-pool': 'nowhere' }, 404],
    ['404 for an unknown path', '/v2/other', {}, 404],
    ['404 for an extension without a pool', '/v2/repository/index', {}, 404],
  ])('%s', async (_, path, headers, status) => {
    const answer = await call(path, { headers: headers as Record<string, string> });
    expect(answer.status).toBe(status);
    expect(await errorOf(answer)).toMatch(/^[A-Z]/);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });

  it('413, 502, 504', async () => {
    const large = await post('/v2/models/mymodel/infer', Buffer.alloc(4_000_001));
    expect([large.status, await errorOf(large)]).toEqual([413, expect.stringContaining('4000000')]);
    const dead = await refusedOrigin();
    proxy.setPools({ default: { on: [dead], models: ['mymodel'] } });
    const unreachable = await post('/v2/models/mymodel/infer', V1);
    expect([unreachable.status, await errorOf(unreachable)]).toEqual([
      502,
      expect.stringContaining('reached'),
    ]);
    proxy.setPools({ default: { on: [double.origin] } });
    double.answers.set(INFER, () => undefined);
    const late = await post('/v2/models/mymodel/infer', V1, { 'x-timelimit': '1' });
    expect([late.status, await errorOf(late)]).toEqual([504, expect.stringContaining('time limit')]);
  });

  it('405 where the proxy answers itself', async () => {
    const answer = await post('/v2/health/ready', '{}');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await errorOf(answer)).toContain('GET');
  });
});

describe('the server itself', () => {
  const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await call(path, { headers })).status;

  it('is the proxy', async () => {
    const answer = await call('/v2');
    expect(await answer.json()).toEqual({
      name: 'gpuproxy',
      version: expect.stringMatching(/^\d+\.\d+/),
      extensions: ['binary_tensor_data', 'generate'],
    });
    expect(await (await call('/v2/')).json()).toMatchObject({ name: 'gpuproxy' });
    expect(double.questions).toEqual([]);
  });

  it('is ready with a serving instance', async () => {
    expect([await status('/v2/health/live'), await status('/v2/health/ready')]).toEqual([200, 200]);
    proxy.setPools({ default: { on: [double.origin], fenced: [double.origin] } });
    expect(await status('/v2/health/live')).toBe(200);
    const answer = await call('/v2/health/ready');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await errorOf(answer)).toContain('serving');
    expect(await status('/v2/health/ready', { 'x-api-key': 'key-of-user-2' })).toBe(503);
  });

  it('is the pool’s when X-Pool names one, extensions included', async () => {
    const headers = { 'x-pool': 'default' };
    expect(await (await call('/v2', { headers })).json()).toMatchObject({ name: 'triton' });
    double.answers.set('GET /v2/health/ready', (response) => raw(response, 503, ''));
    expect(await status('/v2/health/ready', headers)).toBe(503);
    await post('/v2/repository/index?x', '{"ready":true}', headers);
    expect(double.asked('/index?x')[0].body.toString()).toBe('{"ready":true}');
  });
});

describe('a server that is no HTTP server', () => {
  it('is a 502 in the protocol’s form', async () => {
    const broken = await startRawUpstream('ICY 200 OK\r\n\r\n');
    proxy.setPools({ default: { on: [broken.origin], models: ['mymodel'] } });
    const answer = await post('/v2/models/mymodel/infer', V1);
    expect(answer.status).toBe(502);
    expect(await errorOf(answer)).toContain('HTTP');
    await broken.close();
  });
});
