import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  eventsOf,
  getFrom,
  jsonOf,
  type MachineAnswer,
  postTo,
  SIGNATURE,
  startMachine,
} from '../../../test/support/machine-client.js';
import type { Machine } from './machine.js';

let machine: Machine;
beforeEach(async () => {
  machine = await startMachine();
});
afterEach(() => machine.refuse());

const get = (path: string): Promise<Response> => getFrom(machine, path);
const post = (path: string, body: unknown, init?: RequestInit): Promise<Response> =>
  postTo(machine, path, body, init);
const CHAT = { model: 'acme/tiny', messages: [{ role: 'user', content: 'Why do GPUs get hot?' }] };

describe('OpenAI', () => {
  test('lists its one model', async () => {
    expect(await jsonOf(get('/v1/models'))).toMatchObject({
      object: 'list',
      data: [{ id: 'acme/tiny', object: 'model' }],
    });
  });

  test('answers a chat in full, with usage and its signature', async () => {
    const reply = await jsonOf(post('/v1/chat/completions', CHAT));
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
    expect((await jsonOf(post('/v1/chat/completions', CHAT))).choices[0].message.content).toBe(content);
  });

  test('streams the same words, one chunk each, then usage when asked, then [DONE]', async () => {
    const whole = await jsonOf(post('/v1/chat/completions', CHAT));
    const response = await post('/v1/chat/completions', {
      ...CHAT,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const chunks = await eventsOf(response);
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
    const chunks = await eventsOf(await post('/v1/completions', { prompt: 'hello', stream: true }));
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(chunks[0]).toMatchObject({ object: 'text_completion', choices: [{ text: 'Hello!' }] });
  });

  test('keeps to max_tokens and still signs', async () => {
    const reply = await jsonOf(post('/v1/completions', { prompt: 'Tell me about rivers', max_tokens: 5 }));
    expect(reply.usage.completion_tokens).toBe(5);
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'length',
      text: expect.stringContaining(SIGNATURE),
    });
  });

  test('embeds texts to unit vectors that depend on the text alone', async () => {
    const reply = await jsonOf(post('/v1/embeddings', { model: 'acme/tiny', input: ['a', 'b', 'a'] }));
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
    expect(((await response.json()) as MachineAnswer).error).toMatchObject({
      message: expect.any(String),
      code: status,
    });
  });
});
