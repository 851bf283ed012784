import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGrpcDouble, type GrpcDouble, type GrpcTensor } from '../support/oip-grpc-double.js';
import { KEY, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin, startRawUpstream } from '../support/raw-upstream.js';

let proxy: ProxyHarness;
let double: GrpcDouble;

beforeAll(async () => {
  proxy = await startProxy({ PROXY_ALLOW_PRIVATE_CIDRS: '127.0.0.0/8', PROXY_FIRST_BYTE_TIMEOUT: '2s' });
});
beforeEach(async () => {
  double = await startGrpcDouble();
});
afterEach(async () => {
  await proxy.door.whenIdle();
  double.close();
});
afterAll(() => proxy.close());

interface Answer {
  status: number;
  text: string;
  body: Record<string, unknown> & { code?: string; status_code?: number };
}

async function send(text: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${proxy.url}/api/v1/gpu/proxy`, {
    method: 'POST',
    headers: { 'x-api-key': KEY, ...headers },
    body: text,
  });
  const answer = await response.text();
  return { status: response.status, text: answer, body: JSON.parse(answer) as Answer['body'] };
}

const target = (): string => `grpc://127.0.0.1:${double.port}`;
const ask = (body: object, more: object = {}): Promise<Answer> =>
  send(JSON.stringify({ protocol: 'openinference', target_url: target(), body, ...more }));
const raw = (inputs: string): Promise<Answer> =>
  send(
    `{"protocol":"openinference","target_url":"${target()}","body":{"model":"m","id":"42","inputs":${inputs}}}`,
  );

const bytes = (...texts: string[]): GrpcTensor => ({
  name: 'text_output',
  datatype: 'BYTES',
  shape: [String(texts.length)],
  contents: { bytes_contents: texts.map((text) => Buffer.from(text)) },
});
/** What stands in upstream.raw, as it was written. */
const rawOf = ({ text }: Answer): string => /"raw":(\{.*\})\}\},?/.exec(text)?.[1] ?? text;

describe('a prompt over gRPC', () => {
  it('becomes a text tensor, and the answer a completion', async () => {
    double.inputs.push({ name: 'max_tokens', datatype: 'INT32', shape: ['-1', '1'] });
    double.answer = (request) => ({
      model_name: request.model_name,
      id: request.id,
      outputs: [bytes('hi there')],
    });
    const { body } = await ask({
      model: 'm',
      prompt: 'Hello',
      max_tokens: 7,
      temperature: 0.5,
      seed: 3,
      echo: true,
    });
    expect(body).toMatchObject({
      status_code: 200,
      body: {
        object: 'text_completion',
        model: 'm',
        choices: [{ index: 0, text: 'hi there', finish_reason: null }],
        usage: null,
        upstream: { dialect: 'oip-grpc', raw: { model_name: 'm' } },
      },
    });
    const [request] = double.requests;
    expect(request.inputs).toMatchObject([
      { name: 'text_input', shape: ['1', '1'], contents: { bytes_contents: [Buffer.from('Hello')] } },
      { name: 'max_tokens', datatype: 'INT32', shape: ['1', '1'], contents: { int_contents: [7] } },
    ]);
    expect(request.parameters).toMatchObject({
      temperature: { double_param: 0.5 },
      seed: { int64_param: '3' },
      echo: { bool_param: true },
    });
  });

  it('is streamed as one event and the end', async () => {
    double.answer = () => ({ outputs: [bytes('hi')] });
    const response = await fetch(`${proxy.url}/api/v1/gpu/proxy`, {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: JSON.stringify({
        protocol: 'openinference',
        target_url: target(),
        stream: true,
        body: { model: 'm', prompt: 'x' },
      }),
    });
    const events = (await response.text()).trim().split('\n\n');
    expect(events).toHaveLength(2);
    expect(JSON.parse(events[0].slice(6))).toMatchObject({ choices: [{ text: 'hi' }] });
    expect(events[1]).toBe('data: [DONE]');
  });

  it('reaches an instance of a pool, which is released and booked', async () => {
    proxy.setPools({ p: { on: [`http://127.0.0.1:${double.port}`] } });
    double.answer = () => ({ outputs: [bytes('hi')] });
    const booked = proxy.nextUsage();
    const request = {
      protocol: 'openinference',
      pool: 'p',
      dialect: 'oip-grpc',
      body: { model: 'm', prompt: 'x' },
    };
    expect((await send(JSON.stringify(request))).body).toMatchObject({ status_code: 200, instance_id: 'i0' });
    expect(await booked).toMatchObject({
      protocol: 'openinference',
      pool: 'p',
      instanceId: 'i0',
      status: 200,
    });
    expect(proxy.balancer.load('i0')?.activeConnections).toBe(0);
  });

  it('has no dialect where the model takes no text', async () => {
    double.inputs = [{ name: 'x', datatype: 'FP32', shape: ['-1'] }];
    expect(await ask({ model: 'm', prompt: 'x' })).toMatchObject({
      status: 422,
      body: { code: 'no_text_dialect' },
    });
    const unknown = await ask({ model: 'unknown', prompt: 'x' });
    expect(unknown.body).toMatchObject({
      code: 'no_text_dialect',
      probed: ['ModelMetadata of unknown: NOT_FOUND'],
    });
  });
});

describe('tensors over gRPC', () => {
  const input = (datatype: string, data: string): string =>
    `[{"name":"x","datatype":"${datatype}","shape":[2],"data":${data}}]`;

  it.each([
    ['BOOL', '[true,false]', { bool_contents: [true, false] }],
    ['INT8', '[-128,127]', { int_contents: [-128, 127] }],
    [
      'INT64',
      '[9007199254740993,-9223372036854775808]',
      { int64_contents: ['9007199254740993', '-9223372036854775808'] },
    ],
    ['UINT32', '[[4294967295],[0]]', { uint_contents: [4294967295, 0] }],
    ['UINT64', '[18446744073709551615,1]', { uint64_contents: ['18446744073709551615', '1'] }],
    ['FP64', '[1.0,-0.1]', { fp64_contents: [1, -0.1] }],
    ['BYTES', '["hi","é"]', { bytes_contents: [Buffer.from('hi'), Buffer.from('é')] }],
  ])('%s goes as its own contents and comes back', async (datatype, data, contents) => {
    double.answer = ({ inputs, id }) => ({ id, outputs: [{ ...inputs[0], name: 'y' }] });
    const answer = await raw(input(datatype, data));
    expect(double.requests[0].inputs[0].contents).toMatchObject(contents);
    const flat = datatype === 'UINT32' ? '[4294967295,0]' : data.replace('1.0', '1');
    expect(rawOf(answer)).toContain(`"data":${flat}`);
    expect(rawOf(answer)).toContain('"id":"42"');
  });

  it.each([
    ['BOOL', [1, 0], '[true,false]'],
    ['INT16', [0xff, 0xff, 2, 0], '[-1,2]'],
    ['INT64', [1, 0, 0, 0, 0, 0, 0x20, 0], '[9007199254740993]'],
    ['FP16', [0, 0x3c, 0, 0xc0], '[1,-2]'],
    ['BF16', [0x80, 0x3f, 0xc0, 0x7f], '[1,"NaN"]'],
    ['FP32', [0xcd, 0xcc, 0x8c, 0x3f], '[1.1]'],
    ['BYTES', [2, 0, 0, 0, 0x68, 0x69, 0, 0, 0, 0], '["hi",""]'],
  ])('%s is read from raw contents, as Triton sends them', async (datatype, contents, data) => {
    const raw_output_contents = [Buffer.from(contents)];
    double.answer = () => ({ outputs: [{ name: 'y', datatype, shape: ['2'] }], raw_output_contents });
    expect(rawOf(await raw(input('INT8', '[1,2]')))).toContain(`"data":${data}`);
  });

  it('FP16 makes all inputs raw', async () => {
    double.answer = () => ({ outputs: [] });
    await raw(
      '[{"name":"a","datatype":"FP16","shape":[2],"data":[1,-2]},{"name":"b","datatype":"BYTES","shape":[1],"data":["hi"]}]',
    );
    const [{ raw_input_contents: sent, inputs }] = double.requests;
    expect(sent).toEqual([Buffer.from([0, 0x3c, 0, 0xc0]), Buffer.from([2, 0, 0, 0, 0x68, 0x69])]);
    expect(inputs.map(({ contents }) => contents)).toEqual([null, null]);
  });

  it('texts that are no UTF-8 come as base64', async () => {
    const raw_output_contents = [Buffer.from([1, 0, 0, 0, 0xff])];
    double.answer = () => ({
      outputs: [{ name: 'y', datatype: 'BYTES', shape: ['1'] }],
      raw_output_contents,
    });
    const answer = rawOf(await raw(input('INT8', '[1,2]')));
    expect(answer).toContain('"parameters":{"content_type":"base64"},"data":["/w=="]');
  });

  it.each([
    ['INT8', '[128,0]'],
    ['UINT64', '[-1,0]'],
    ['INT32', '[1.5,0]'],
    ['BOOL', '[1,0]'],
    ['BYTES', '[1,0]'],
    ['FLOAT', '[1,0]'],
  ])('%s %s is refused before anything is sent', async (datatype, data) => {
    const answer = await raw(input(datatype, data));
    expect([answer.status, answer.body.code, double.requests.length]).toEqual([422, 'invalid_input', 0]);
  });

  it('contents that do not fit their datatype are the upstream’s fault', async () => {
    const raw_output_contents = [Buffer.from([9, 0, 0, 0, 1])];
    double.answer = () => ({
      outputs: [{ name: 'y', datatype: 'BYTES', shape: ['1'] }],
      raw_output_contents,
    });
    expect(await raw(input('INT8', '[1,2]'))).toMatchObject({
      status: 502,
      body: { code: 'upstream_protocol_error' },
    });
  });
});

describe('a status of the server', () => {
  it.each([
    [status.INVALID_ARGUMENT, 400],
    [status.UNAUTHENTICATED, 401],
    [status.PERMISSION_DENIED, 403],
    [status.NOT_FOUND, 404],
    [status.DEADLINE_EXCEEDED, 504],
    [status.RESOURCE_EXHAUSTED, 429],
    [status.UNAVAILABLE, 503],
    [status.UNIMPLEMENTED, 501],
    [status.INTERNAL, 502],
  ])('%d is %d', async (code, expected) => {
    double.answer = () => ({ code, details: 'because' });
    const { status: outer, body } = await ask({ model: 'm', prompt: 'x' });
    expect(outer).toBe(200);
    expect(body).toMatchObject({ status_code: expected, body: { error: 'because' } });
  });
});

describe('a connection', () => {
  it('carries the name, the upstream’s credentials and never ours', async () => {
    double.answer = () => ({ outputs: [bytes('hi')] });
    const local = { target_url: `grpc://localhost:${double.port}`, headers: { 'x-a': 'b' } };
    await ask(
      { model: 'm', prompt: 'x' },
      { ...local, upstream_headers: { Authorization: 'Bearer theirs' } },
    );
    const seen = double.metadata[0].getMap();
    expect(seen).toMatchObject({
      authorization: 'Bearer theirs',
      'x-a': 'b',
      'x-request-id': expect.any(String),
    });
    expect(JSON.stringify(seen)).not.toContain(KEY);
    expect(double.hosts[0]).toBe(`localhost:${double.port}`);
  });

  it('is used again', async () => {
    double.answer = () => ({ outputs: [bytes('hi')] });
    const before = proxy.grpcChannels.count;
    await ask({ model: 'm', prompt: 'x' });
    await ask({ model: 'm', prompt: 'y' });
    expect(proxy.grpcChannels.count).toBe(before + 1);
  });

  it('that is refused is a 502, and so is one that breaks off', async () => {
    const dead = (await refusedOrigin()).replace('http:', 'grpc:');
    const refused = await ask({ model: 'm', prompt: 'x' }, { target_url: dead });
    expect(refused).toMatchObject({ status: 502, body: { code: 'upstream_unreachable' } });
    double.answer = () => void double.close();
    const broken = await ask({ model: 'm', prompt: 'x' });
    expect(broken).toMatchObject({ status: 502, body: { code: 'upstream_unreachable' } });
  });

  it('to something that speaks no HTTP/2 is a 502 or 504', async () => {
    const web = await startRawUpstream('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
    const answer = await ask(
      { model: 'm', prompt: 'x' },
      { target_url: web.origin.replace('http:', 'grpc:') },
    );
    expect([502, 504]).toContain(answer.status);
    await web.close();
  });

  it('over TLS needs a certificate that can be trusted', async () => {
    const answer = await ask(
      { model: 'm', prompt: 'x' },
      { target_url: target().replace('grpc:', 'grpcs:') },
    );
    expect(answer).toMatchObject({ status: 502, body: { code: 'upstream_unreachable' } });
  });

  it('to a forbidden address is never made', async () => {
    const addresses = [
      'grpc://169.254.169.254:8001',
      'grpc://10.0.0.1:8001',
      'grpc://0xa000001:8001',
      'grpc://[::1]:8001',
    ];
    for (const target_url of addresses) {
      const answer = await ask({ model: 'm', prompt: 'x' }, { target_url });
      expect([answer.status, answer.body.code]).toEqual([403, 'target_not_allowed']);
    }
    proxy.own.addListener(double.port);
    expect((await ask({ model: 'm', prompt: 'x' })).body.code).toBe('target_not_allowed');
  });

  it('is given up at the time limit, and when the caller leaves', async () => {
    double.answer = () => undefined;
    const cancelled = double.nextCancel();
    const late = await ask({ model: 'm', prompt: 'x' }, { timeout_ms: 300 });
    expect(late).toMatchObject({ status: 504, body: { code: 'time_limit_exceeded' } });
    await cancelled;
    const silent = await ask({ model: 'm', prompt: 'x' });
    expect(silent).toMatchObject({ status: 504, body: { code: 'upstream_first_byte_timeout' } });
    const again = double.nextCancel();
    const leaving = new AbortController();
    const body = JSON.stringify({
      protocol: 'openinference',
      target_url: target(),
      body: { model: 'm', prompt: 'x' },
    });
    double.answer = () => void setImmediate(() => leaving.abort());
    const request = { method: 'POST', headers: { 'x-api-key': KEY }, body, signal: leaving.signal };
    await expect(fetch(`${proxy.url}/api/v1/gpu/proxy`, request)).rejects.toThrow('abort');
    await again;
  });

  it('takes messages of 16 MiB at most', async () => {
    const raw_output_contents = [Buffer.alloc(17_000_000)];
    double.answer = () => ({
      outputs: [{ name: 'y', datatype: 'UINT8', shape: ['17000000'] }],
      raw_output_contents,
    });
    expect(await ask({ model: 'm', prompt: 'x' })).toMatchObject({
      status: 502,
      body: { code: 'upstream_too_large' },
    });
    const long = await ask({ model: 'm', prompt: 'x'.repeat(17_000_000) });
    expect(long).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  });
});

describe('what does not fit', () => {
  it.each([
    [{ dialect: 'openai' }, 'dialect'],
    [{ target_url: 'ftp://127.0.0.1/' }, 'target_url'],
    [{ target_url: 'grpc://127.0.0.1:8001/infer' }, 'path'],
  ])('%j is refused', async (more, name) => {
    const { status: code, body } = await ask({ model: 'm', prompt: 'x' }, more);
    expect([code, (body.errors as { field: string }[])[0].field]).toEqual([422, name]);
  });
});
