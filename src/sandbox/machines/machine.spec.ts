import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultKnobs } from './machine-knobs.js';
import { Machine } from './machine.js';
import { modelOf } from './machine-identity.js';
import { complete } from './text.js';

let machine: Machine;
beforeEach(async () => {
  const identity = {
    gpuName: 'RTX 4090',
    gpuCount: 2,
    machineId: '4711',
    containerPort: 8000,
    model: 'acme/tiny',
  };
  machine = await Machine.start(identity, { ...defaultKnobs(), tokenDelayMs: 0 }, '127.0.0.1');
});
afterEach(() => machine.refuse());

const get = (path: string): Promise<Response> => fetch(`${machine.origin}${path}`);
const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(`${machine.origin}${path}`, { method: 'POST', body: JSON.stringify(body), ...init });
const SIGNATURE = 'served by 2x RTX 4090 of machine 4711';
const CHAT = { model: 'acme/tiny', messages: [{ role: 'user', content: 'Why do GPUs get hot?' }] };

/** A JSON answer whose fields the test itself asserts. */
interface Answer {
  text_output: string;
  choices: { index: number; text: string; finish_reason: string; message: { content: string } }[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  data: { embedding: number[] }[];
  outputs: { data: string[] }[];
  error: { message: string };
}
const json = async (response: Promise<Response>): Promise<Answer> =>
  (await (await response).json()) as Answer;

/** The data lines of a server-sent event stream, parsed. */
async function events(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).split('\n\n').filter(Boolean);
  return lines.map((line) =>
    line === 'data: [DONE]' ? { done: true } : JSON.parse(line.slice('data: '.length)),
  );
}

describe('OpenAI', () => {
  test('lists its one model', async () => {
    expect(await json(get('/v1/models'))).toMatchObject({
      object: 'list',
      data: [{ id: 'acme/tiny', object: 'model' }],
    });
  });

  test('answers a chat in full, with usage and its signature', async () => {
    const reply = await json(post('/v1/chat/completions', CHAT));
    const { content } = reply.choices[0].message;
    expect(reply).toMatchObject({
      object: 'chat.completion',
      model: 'acme/tiny',
      choices: [{ index: 0, finish_reason: 'stop' }],
    });
    expect(content).toContain(SIGNATURE);
    expect(content).toContain('GPUs');
    const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = reply.usage;
    expect([prompt, total]).toEqual([5, 5 + completion]);
    expect((await json(post('/v1/chat/completions', CHAT))).choices[0].message.content).toBe(content);
  });

  test('streams the same words, one chunk each, then usage when asked, then [DONE]', async () => {
    const whole = await json(post('/v1/chat/completions', CHAT));
    const response = await post('/v1/chat/completions', {
      ...CHAT,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const chunks = await events(response);
    const text = chunks
      .map(
        (chunk) =>
          (chunk as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta?.content ?? '',
      )
      .join('');
    expect(text).toBe(whole.choices[0].message.content);
    expect(chunks.at(-1)).toEqual({ done: true });
    expect(chunks.at(-2)).toMatchObject({ choices: [], usage: whole.usage });
    expect(chunks.at(-3)).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [{ delta: {}, finish_reason: 'stop' }],
    });
  });

  test('leaves usage out of a stream that did not ask for it', async () => {
    const chunks = await events(await post('/v1/completions', { prompt: 'hello', stream: true }));
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(chunks[0]).toMatchObject({ object: 'text_completion', choices: [{ text: 'Hello!' }] });
  });

  test('keeps to max_tokens and still signs', async () => {
    const reply = await json(post('/v1/completions', { prompt: 'Tell me about rivers', max_tokens: 5 }));
    expect(reply.usage.completion_tokens).toBe(5);
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'length',
      text: expect.stringContaining(SIGNATURE),
    });
  });

  test('embeds texts to unit vectors that depend on the text alone', async () => {
    const reply = await json(post('/v1/embeddings', { model: 'acme/tiny', input: ['a', 'b', 'a'] }));
    const [a, b, again] = reply.data.map(({ embedding }: { embedding: number[] }) => embedding);
    expect(a).toEqual(again);
    expect(a).not.toEqual(b);
    expect(Math.hypot(...a)).toBeCloseTo(1, 9);
    expect(reply.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
  });

  test.each([
    ['another model', '/v1/chat/completions', { ...CHAT, model: 'gpt-4' }, 404],
    ['no messages', '/v1/chat/completions', { model: 'acme/tiny' }, 400],
    ['no input', '/v1/embeddings', {}, 400],
    ['no object', '/v1/completions', 'text', 400],
  ])('refuses %s in the error envelope', async (_, path, body, status) => {
    const response = await post(path, body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as Answer).error).toMatchObject({
      message: expect.any(String),
      code: status,
    });
  });
});

describe('Open Inference', () => {
  test('tells about itself and its model, with slashes in the name escaped or not', async () => {
    expect(await json(get('/v2'))).toMatchObject({
      name: 'sandbox',
      extensions: expect.arrayContaining(['binary_tensor_data']),
    });
    for (const name of ['acme/tiny', 'acme%2Ftiny', 'acme/tiny/versions/1']) {
      expect(await json(get(`/v2/models/${name}`))).toMatchObject({
        name: 'acme/tiny',
        inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [1] }],
        outputs: [{ name: 'text_output', datatype: 'BYTES' }],
      });
      expect(await json(get(`/v2/models/${name}/ready`))).toEqual({
        name: 'acme/tiny',
        ready: true,
      });
    }
    expect((await get('/v2/health/ready')).status).toBe(200);
    expect((await get('/v2/models/none')).status).toBe(404);
    expect(await json(post('/v2/repository/index', {}))).toMatchObject([
      { name: 'acme/tiny', state: 'READY' },
    ]);
  });

  test('infers on text, echoing the id', async () => {
    const body = {
      id: '42',
      inputs: [{ name: 'text_input', shape: [2], datatype: 'BYTES', data: [['hello'], ['ping']] }],
    };
    const reply = await json(post('/v2/models/acme/tiny/infer', body));
    expect(reply).toMatchObject({
      id: '42',
      model_name: 'acme/tiny',
      outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [2] }],
    });
    expect(reply.outputs[0].data.every((text: string) => text.includes(SIGNATURE))).toBe(true);
  });

  test('takes text as a binary tensor', async () => {
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'text_input', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 6 } }],
      }),
    );
    const body = Buffer.concat([head, Buffer.from([2, 0, 0, 0, 0x68, 0x69])]);
    const headers = {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    };
    const response = await fetch(`${machine.origin}/v2/models/acme/tiny/infer`, {
      method: 'POST',
      headers,
      body,
    });
    expect(((await response.json()) as Answer).outputs[0].data[0]).toMatch(/^Hello!/);
  });

  test('gives other tensors back and refuses what is no request', async () => {
    const tensor = { name: 'input0', shape: [2, 2], datatype: 'UINT32', data: [1, 2, 3, 4] };
    const reply = await json(post('/v2/models/acme/tiny/infer', { inputs: [tensor] }));
    expect(reply.outputs).toEqual([{ ...tensor, name: 'output0' }]);
    const refused = await post('/v2/models/acme/tiny/infer', { data: [] });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'the body is not an inference request' },
    ]);
  });

  test('generates at once and as a stream without [DONE]', async () => {
    const body = { text_input: 'hello', parameters: { max_tokens: 3 } };
    const whole = await json(post('/v2/models/acme/tiny/generate', body));
    const chunks = await events(await post('/v2/models/acme/tiny/generate_stream', body));
    expect(chunks.map(({ text_output: text }) => text).join('')).toBe(whole.text_output);
    expect(chunks).toHaveLength(3);
    expect(whole.text_output).toContain(SIGNATURE);
    expect((await post('/v2/models/acme/tiny/generate', {})).status).toBe(400);
  });
});

describe('the rest', () => {
  test('metrics carry vLLM names and count what was done', async () => {
    await post('/v1/completions', { prompt: 'one two three' });
    const text = await (await get('/metrics')).text();
    expect(text).toContain('vllm:num_requests_running{model_name="acme/tiny"} 0');
    expect(text).toContain('vllm:num_requests_waiting{model_name="acme/tiny"} 0');
    expect(text).toContain('vllm:kv_cache_usage_perc{model_name="acme/tiny"} 0');
    expect(text).toMatch(/vllm:prompt_tokens_total\{.*\} 3/);
  });

  test('echo says what arrived, text as text and bytes as base64', async () => {
    const text = await post(
      '/echo/deep?x=1',
      { n: 9007199254740993n.toString() },
      { headers: { 'x-mine': 'Yes' } },
    );
    expect(await text.json()).toMatchObject({
      method: 'POST',
      url: '/echo/deep?x=1',
      headers: { 'x-mine': 'Yes' },
      body: '{"n":"9007199254740993"}',
      body_encoding: 'utf-8',
      served_by: SIGNATURE,
    });
    const bytes = await fetch(`${machine.origin}/echo`, { method: 'PUT', body: Buffer.from([0xff, 0xfe]) });
    expect(await bytes.json()).toMatchObject({ method: 'PUT', body: '//4=', body_encoding: 'base64' });
  });

  test('an unknown path is a 404', async () => {
    expect((await get('/nothing')).status).toBe(404);
  });
});

describe('knobs', () => {
  test('failing answers 500, unhealthy only its health', async () => {
    machine.knobs.isFailing = true;
    expect((await get('/v1/models')).status).toBe(500);
    machine.knobs.isFailing = false;
    machine.knobs.isUnhealthy = true;
    expect([
      (await get('/health')).status,
      (await get('/v2/health/ready')).status,
      (await get('/v1/models')).status,
    ]).toEqual([503, 503, 200]);
  });

  test('latency is waited', async () => {
    machine.knobs.latencyMs = 50;
    const before = performance.now();
    await get('/health');
    expect(performance.now() - before).toBeGreaterThan(45);
  });

  test('a stream is cut after so many chunks, a plain answer in its middle', async () => {
    machine.knobs.cutAfterChunks = 2;
    const response = await post('/v1/completions', { prompt: 'go', stream: true });
    const reader = response.body?.getReader();
    const read = async (): Promise<string> => {
      let text = '';
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
        text += Buffer.from(part.value).toString();
      return text;
    };
    await expect(read()).rejects.toThrow();
    await expect((await post('/v1/completions', { prompt: 'go' })).text()).rejects.toThrow();
  });

  test('refusing destroys open sockets and comes back on the same port', async () => {
    machine.knobs.tokenDelayMs = 100;
    const { port } = machine;
    const reading = (await post('/v1/completions', { prompt: 'go', stream: true })).text();
    await machine.refuse();
    await expect(reading).rejects.toThrow();
    await expect(get('/health')).rejects.toThrow();
    await machine.accept();
    expect([machine.port, (await get('/health')).status]).toEqual([port, 200]);
  });

  test('a client that leaves ends the generation', async () => {
    machine.knobs.tokenDelayMs = 20;
    const abort = new AbortController();
    const response = await post('/v1/completions', { prompt: 'go', stream: true }, { signal: abort.signal });
    expect(machine.stats.inFlight).toBe(1);
    abort.abort();
    await expect(response.text()).rejects.toThrow();
    await expect.poll(() => machine.stats.inFlight, { interval: 5 }).toBe(0);
  });
});

describe('words', () => {
  test('depend on the prompt alone and name its topic', () => {
    expect(complete('Explain photosynthesis', 'me')).toEqual(complete('Explain photosynthesis', 'me'));
    expect(complete('Explain photosynthesis', 'me').tokens.join('')).toContain('photosynthesis');
    expect(complete('hello there', 'me').tokens.join('')).toMatch(/^Hello! .* \(me\)$/);
    expect(complete('', 'me', 1)).toEqual({ tokens: ['(me)'], finishReason: 'length' });
  });

  test.each<[Record<string, string>, string, string]>([
    [{ MODEL: 'a' }, '--model b', 'a'],
    [{}, '-m x --model b/c --port 8000', 'b/c'],
    [{}, 'vllm serve --model="b c"', 'b c'],
    [{ MODEL_ID: 'd' }, '--model $MODEL_ID', 'd'],
    [{}, '--model=$MISSING', 'sandbox/tiny-llm'],
    [{}, '', 'sandbox/tiny-llm'],
  ])('the model of %j and "%s" is %s', (env, command, model) => {
    expect(modelOf(env, command)).toBe(model);
  });
});
