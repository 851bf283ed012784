import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getFrom, postTo, SIGNATURE, startMachine } from '../../../test/support/machine-client.js';
import type { Machine } from './machine.js';

let machine: Machine;
beforeEach(async () => {
  machine = await startMachine();
});
afterEach(() => machine.refuse());

const get = (path: string): Promise<Response> => getFrom(machine, path);
const post = (path: string, body: unknown, init?: RequestInit): Promise<Response> =>
  postTo(machine, path, body, init);

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

  test('a port that is taken meanwhile is waited for', async () => {
    await machine.refuse();
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.listen(machine.port, '127.0.0.1', resolve);
    });
    const back = machine.accept();
    squatter.close();
    await back;
    expect((await get('/health')).status).toBe(200);
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
