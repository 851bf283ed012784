import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  MAX_TOKENS,
  NUMBERS,
  PROMPT,
  TEXT,
  raw,
  startOipDouble,
  type OipDouble,
} from '../support/oip-double.js';
import { KEY, deferred, sendRaw, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin } from '../support/raw-upstream.js';

let proxy: ProxyHarness;
let double: OipDouble;

beforeAll(async () => {
  proxy = await startProxy({ PROXY_IDLE_TIMEOUT: '1s' });
});
beforeEach(async () => {
  double = await startOipDouble({
    models: {
      llm: { inputs: [TEXT, MAX_TOKENS], generates: true },
      plain: { inputs: [PROMPT] },
      tokens: { inputs: [PROMPT, MAX_TOKENS] },
      stubborn: { inputs: [TEXT] },
      numbers: { inputs: [NUMBERS] },
      twoTexts: { inputs: [PROMPT, { ...PROMPT, name: 'question' }] },
      silent: {},
    },
  });
  proxy.setPools({ p: { on: [double.origin] } });
});
/** Every lease is back, nothing is under way. */
afterEach(async () => {
  await proxy.door.whenIdle();
  const active = [0, 1].map((index) => proxy.balancer.load(`i${index}`)?.activeConnections ?? 0);
  if (active.some((count) => count > 0)) throw new Error('a lease is left');
  await double.close();
});
afterAll(() => proxy.close());

interface Completion {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: { index: number; text?: string; finish_reason?: unknown }[];
  usage: unknown;
  upstream: { dialect: string; raw?: Record<string, unknown> };
}

interface Answer {
  status: number;
  text: string;
  body: Record<string, unknown> & { code?: string; body: Completion; status_code?: number };
}

async function send(text: string): Promise<Answer> {
  const response = await fetch(`${proxy.url}/api/v1/gpu/proxy`, {
    method: 'POST',
    headers: { 'x-api-key': KEY },
    body: text,
  });
  const answer = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    text: answer,
    body: (isJson ? JSON.parse(answer) : {}) as Answer['body'],
  };
}

const envelope = (body: object, more: object = {}): string =>
  JSON.stringify({ protocol: 'openinference', pool: 'p', body, ...more });
const ask = (body: object, more?: object): Promise<Answer> => send(envelope(body, more));
const sent = (end: string): Record<string, unknown>[] =>
  double.asked(end).map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
const eventsOf = ({ text }: Answer): string[] =>
  text
    .trim()
    .split('\n\n')
    .map((event) => event.slice(6));

async function withOpenAi(base: string): Promise<void> {
  await double.close();
  double = await startOipDouble({
    models: { silent: {}, llm: { inputs: [TEXT], generates: true } },
    openAiBase: base,
  });
  proxy.setPools({ p: { on: [double.origin] } });
}

describe('the dialect is found', () => {
  it('generate, where the model has text_input', async () => {
    const { body } = await ask({ model: 'llm', prompt: 'Hello world', max_tokens: 100 });
    expect(body).toMatchObject({ status_code: 200, instance_id: 'i0', attempts: 1 });
    expect(body.body).toEqual({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      created: expect.any(Number),
      model: 'llm',
      choices: [{ index: 0, text: 'Hello world said the double', logprobs: null, finish_reason: null }],
      usage: null,
      upstream: {
        dialect: 'oip-generate',
        raw: { model_name: 'llm', model_version: '1', text_output: 'Hello world said the double' },
      },
    });
    expect(sent('/generate')).toEqual([
      { text_input: 'Hello world', parameters: { max_tokens: 100, stream: false } },
    ]);
  });

  it('infer, where it has one input for a text; max_tokens is a tensor only if the model has it', async () => {
    await ask({ model: 'plain', prompt: 'Hello world', max_tokens: 100, temperature: 0.5, stop: ['x'] });
    const { body } = await ask({ model: 'tokens', prompt: 'Hello world', max_tokens: 100 });
    expect(body.body).toMatchObject({
      choices: [{ index: 0, text: 'HELLO WORLD' }],
      usage: null,
      upstream: { dialect: 'oip-infer' },
    });
    const text = { name: 'prompt', shape: [1], datatype: 'BYTES', data: ['Hello world'] };
    const [plain, tokens] = sent('/infer');
    expect(plain).toEqual({
      id: expect.any(String),
      inputs: [text],
      parameters: { max_tokens: 100, temperature: 0.5 },
    });
    expect(tokens).toEqual({
      id: expect.any(String),
      inputs: [text, { name: 'max_tokens', shape: [1, 1], datatype: 'INT32', data: [[100]] }],
    });
  });

  it('infer after all, when generate is refused; the next time at once', async () => {
    const first = await ask({ model: 'stubborn', prompt: 'a' });
    const second = await ask({ model: 'stubborn', prompt: 'b' });
    const dialects = [first, second].map(({ body }) => body.body.upstream.dialect);
    expect(dialects).toEqual(['oip-infer', 'oip-infer']);
    expect(sent('/infer')[0].inputs).toEqual([
      { name: 'text_input', shape: [1, 1], datatype: 'BYTES', data: ['a'] },
    ]);
    expect([double.asked('/generate').length, double.asked('/stubborn').length]).toEqual([1, 1]);
    expect(proxy.usage.filter(({ requestId }) => requestId === proxy.usage.at(-1)?.requestId)).toHaveLength(
      1,
    );
  });

  it('openai, where there is no text tensor, by /v1 or /openai/v1', async () => {
    for (const base of ['/v1', '/openai/v1']) {
      await withOpenAi(base);
      const { body } = await ask({ model: 'silent', prompt: 'hi', max_tokens: 5 });
      expect(body.body).toMatchObject({
        object: 'text_completion',
        choices: [{ text: 'hey' }],
        usage: { total_tokens: 3 },
        upstream: { dialect: 'openai' },
      });
      const messages = [{ role: 'user', content: 'hi' }];
      expect((await ask({ model: 'silent', messages })).body.body.object).toBe('chat.completion');
      expect(sent(`${base}/completions`)).toEqual([{ model: 'silent', prompt: 'hi', max_tokens: 5 }]);
      expect(sent(`${base}/chat/completions`)).toEqual([{ model: 'silent', messages }]);
    }
    expect(proxy.usage.at(-1)).toMatchObject({ inputTokens: 2, outputTokens: 1 });
  });

  it('not at all: 422 naming what was asked', async () => {
    const { status, body } = await ask({ model: 'numbers', prompt: 'hi' });
    expect([status, body.code]).toEqual([422, 'no_text_dialect']);
    expect(body.probed).toEqual([
      'GET /v2/models/numbers: 200 without a text input',
      'GET /v1/models: 404',
      'GET /openai/v1/models: 404',
    ]);
    expect((await ask({ model: 'twoTexts', prompt: 'hi' })).body.code).toBe('no_text_dialect');
  });

  it('again when the server does not know the model any more', async () => {
    await ask({ model: 'plain', prompt: 'a' });
    double.answers.set('POST /v2/models/plain/infer', (response) => raw(response, 404, '{"error":"gone"}'));
    expect((await ask({ model: 'plain', prompt: 'a' })).body.status_code).toBe(404);
    await ask({ model: 'plain', prompt: 'a' });
    expect(double.asked('/v2/models/plain')).toHaveLength(2);
  });
});

describe('the caller decides', () => {
  it('by name, before anything else', async () => {
    const infer = await ask({ model: 'llm', prompt: 'a' }, { dialect: 'oip-infer' });
    expect(infer.body.body.upstream.dialect).toBe('oip-infer');
    await ask({ model: 'numbers', prompt: 'a' }, { dialect: 'oip-generate' });
    expect(double.asked('/numbers/generate')).toHaveLength(1);
    await ask({ model: 'llm', prompt: 'a' }, { dialect: 'openai' });
    expect(double.asked('/v1/completions')).toHaveLength(1);
    const unknown = await ask({ model: 'llm', prompt: 'a' }, { dialect: 'grpc' });
    expect([unknown.status, (unknown.body.errors as { field: string }[])[0].field]).toEqual([422, 'dialect']);
  });

  it('by the path, which is used as it is', async () => {
    const path = '/v2/models/llm/versions/3/infer?a=b';
    await ask({ prompt: 'a' }, { path });
    expect(double.asked('?a=b').map(({ url }) => url)).toEqual([path]);
    expect(double.asked('/versions/3')).toHaveLength(1);
    const asked = await ask({ model: 'm', messages: [] }, { path: '/my/chat/completions' });
    expect([asked.body.status_code, double.asked('/my/chat/completions').length]).toEqual([404, 1]);
    await ask({ prompt: 'a' }, { path: '/v2/models/llm/generate' });
    expect(sent('/llm/generate')).toEqual([{ text_input: 'a', parameters: { stream: false } }]);
  });

  it('by tensors, which pass as they were written', async () => {
    const inputs = '[{"name":"input0","shape":[2],"datatype":"INT64","data":[9007199254740993, 1.0]}]';
    const answered =
      '{"model_name":"numbers","outputs":[{"name":"o","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}';
    double.answers.set('POST /v2/models/numbers/infer', (response) => raw(response, 200, answered));
    const body = `{"model":"numbers","id":"42","inputs":${inputs},"outputs":[{"name":"o"}]}`;
    const answer = await send(`{"protocol":"openinference","pool":"p","body":${body}}`);
    expect(double.asked('/infer')[0].body.toString()).toBe(
      `{"id":"42","inputs":${inputs},"outputs":[{"name":"o"}]}`,
    );
    expect(answer.body.body).toMatchObject({ object: 'text_completion', choices: [], usage: null });
    expect(answer.text).toContain(`"raw":${answered}`);
    expect(double.asked('/v2/models/numbers')).toEqual([]);
  });
});

describe('prompts and messages', () => {
  it('several prompts are rows', async () => {
    const { body } = await ask({ model: 'tokens', prompt: ['a', 'b'], max_tokens: 3 });
    expect(body.body.choices.map(({ index, text }) => [index, text])).toEqual([
      [0, 'A'],
      [1, 'B'],
    ]);
    expect(sent('/infer')[0].inputs).toMatchObject([
      { shape: [2], data: ['a', 'b'] },
      { shape: [2, 1], data: [[3], [3]] },
    ]);
  });

  it('messages need a model for them, or chat_template plain', async () => {
    const messages = [
      { role: 'system', content: 'be kind' },
      { role: 'user', content: [{ type: 'text', text: 'hi' }] },
    ];
    expect(await ask({ model: 'llm', messages })).toMatchObject({
      status: 422,
      body: { code: 'messages_not_supported' },
    });
    expect((await ask({ model: 'llm', messages }, { dialect: 'oip-infer' })).status).toBe(422);
    await ask({ model: 'llm', messages, chat_template: 'plain' });
    expect(sent('/generate')[0].text_input).toBe('system: be kind\nuser: hi\nassistant:');
  });

  it('numbers and the body’s own parameters keep their digits', async () => {
    const body =
      '{"model":"llm","prompt":"a","temperature":1.0,"parameters":{"seed":9007199254740993,"x":[1]}}';
    await send(`{"protocol":"openinference","pool":"p","body":${body}}`);
    expect(double.asked('/generate')[0].body.toString()).toBe(
      '{"text_input":"a","parameters":{"seed":9007199254740993,"temperature":1.0,"stream":false}}',
    );
  });

  it.each([
    [{ prompt: 'a' }, 'body.model'],
    [{ model: 'llm' }, 'body'],
    [{ model: 'llm', prompt: 'a', messages: [] }, 'body'],
    [{ model: 7, prompt: 'a' }, 'body.model'],
    [{ model: 'llm', prompt: [1, 2] }, 'body.prompt'],
    [{ model: 'llm', prompt: 'a', stream: 'yes' }, 'body.stream'],
    [{ model: 'llm', inputs: {} }, 'body.inputs'],
  ])('%j is refused', async (body, field) => {
    const answer = await ask(body);
    expect([answer.status, (answer.body.errors as { field: string }[])[0].field]).toEqual([422, field]);
  });

  it('no method but POST', async () => {
    expect((await ask({ model: 'llm', prompt: 'a' }, { method: 'GET' })).status).toBe(422);
  });
});

describe('an error of the server', () => {
  it('stays what it is', async () => {
    double.answers.set('POST /v2/models/plain/infer', (response) => raw(response, 500, '{"error":"boom"}'));
    const { status, body } = await ask({ model: 'plain', prompt: 'a' });
    expect([status, body.status_code, body.body]).toEqual([200, 500, { error: 'boom' }]);
  });

  it('an answer of another kind is a 502', async () => {
    double.answers.set('POST /v2/models/plain/infer', (response) => raw(response, 200, '<html>'));
    expect(await ask({ model: 'plain', prompt: 'a' })).toMatchObject({
      status: 502,
      body: { code: 'upstream_protocol_error' },
    });
  });

  it('a dead instance is passed over, the last one is a 502', async () => {
    const dead = await refusedOrigin();
    proxy.setPools({ p: { on: [dead, double.origin] } });
    const answer = await ask({ model: 'plain', prompt: 'a' });
    expect(answer.body).toMatchObject({ status_code: 200, instance_id: 'i1' });
    proxy.setPools({ p: { on: [dead] } });
    expect(await ask({ model: 'plain', prompt: 'a' })).toMatchObject({
      status: 502,
      body: { code: 'upstream_unreachable' },
    });
  });

  it('the time limit counts all questions together', async () => {
    double.answers.set('GET /v2/models/plain', () => undefined);
    const answer = await ask({ model: 'plain', prompt: 'a' }, { timeout_ms: 200 });
    expect(answer).toMatchObject({ status: 504, body: { code: 'time_limit_exceeded' } });
  });
});

describe('streams', () => {
  const STREAM = 'POST /v2/models/llm/generate_stream';
  const rawRequest = (): string => {
    const body = envelope({ model: 'llm', prompt: 'hi' }, { stream: true });
    return `POST /api/v1/gpu/proxy HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };

  it('of generate come as completion chunks, each as it comes, and [DONE]', async () => {
    const rest = deferred();
    double.answers.set(STREAM, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"text_output":"one"}\n\n');
      void rest.promise.then(() => response.end('data: {"text_output":" two"}\n\n'));
    });
    const response = await fetch(`${proxy.url}/api/v1/gpu/proxy`, {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: envelope({ model: 'llm', prompt: 'hi', stream: true }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = (await reader?.read())?.value ?? '';
    expect(JSON.parse(first.slice(6))).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'one' }],
    });
    rest.resolve();
    let text = '';
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) text += read.value;
    expect(text).toContain('" two"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(response.headers.get('x-gpuproxy-instance')).toBe('i0');
  });

  it('of infer are one chunk a row', async () => {
    const events = eventsOf(await ask({ model: 'plain', prompt: ['a', 'b'] }, { stream: true }));
    expect(events.slice(0, 2).map((event) => (JSON.parse(event) as Completion).choices[0].text)).toEqual([
      'A',
      'B',
    ]);
    expect(events[2]).toBe('[DONE]');
  });

  it('of openai pass, with the end that the server left out', async () => {
    await withOpenAi('/v1');
    const events = eventsOf(await ask({ model: 'silent', prompt: 'hi' }, { stream: true }));
    expect(JSON.parse(events[0])).toMatchObject({ choices: [{ text: 'hey' }] });
    expect(events.slice(1)).toEqual(['[DONE]']);
    expect(sent('/v1/completions')).toEqual([{ model: 'silent', prompt: 'hi', stream: true }]);
  });

  it('that fail before the start are an answer with that status', async () => {
    double.answers.set(STREAM, (response) => raw(response, 500, '{"error":"boom"}'));
    expect(await ask({ model: 'llm', prompt: 'a' }, { stream: true })).toMatchObject({
      status: 500,
      text: '{"error":"boom"}',
    });
  });

  it.each([
    ['tell an error', '{"error":"out of memory"}\n\n', true],
    ['die', '{"text_', false],
  ])('that %s after the first chunk never end cleanly', async (_, rest, tells) => {
    double.answers.set(STREAM, (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: {"text_output":"one"}\n\ndata: ${rest}`);
      if (!tells) setImmediate(() => response.destroy());
    });
    const received = await sendRaw(proxy.port, rawRequest());
    expect(received).toContain('"text":"one"');
    expect(received.includes('out of memory')).toBe(tells);
    expect(received).not.toMatch(/\[DONE\]|\r\n0\r\n\r\n/);
  });

  it('that fall silent are cut', async () => {
    double.answers.set(STREAM, (response) => {
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write('data: {"text_output":"one"}\n\n');
    });
    expect(await sendRaw(proxy.port, rawRequest())).not.toContain('[DONE]');
  });

  it('that nobody reads any more are broken off upstream', async () => {
    double.answers.set(STREAM, (response) => {
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write('data: {"text_output":"one"}\n\n');
    });
    const aborted = double.nextAbort();
    await sendRaw(proxy.port, rawRequest(), '"text":"one"');
    await expect(aborted).resolves.toBeUndefined();
  });
});

it('the seed’s own request works as it is printed there', async () => {
  const target_url = double.origin;
  const body = { model: 'llm', prompt: 'Hello world', max_tokens: 100 };
  const answer = await send(JSON.stringify({ protocol: 'openinference', target_url, body }));
  expect(answer.body.body).toMatchObject({ choices: [{ text: 'Hello world said the double' }] });
});
