import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilServing } from '../support/rental-views.js';
import { runDaemon, signUp, type ApiCaller, type RunningDaemon } from '../support/running-daemon.js';

const MODEL = 'sandbox/tiny-llm';
const PATH = `/v2/models/${encodeURIComponent(MODEL)}`;

describe('the Open Inference Protocol of the daemon, onto rented machines', () => {
  let running: RunningDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    running = await runDaemon('sqlite');
    caller = await signUp(running.url);
  });
  afterAll(() => running.stop());

  it('is not ready without an instance', async () => {
    const answer = await caller.get<{ error: string }>('/v2/health/ready');
    expect([answer.status, typeof answer.body.error]).toEqual([503, 'string']);
    expect((await caller.get(`${PATH}/ready`)).status).toBe(404);
  });

  it('serves what the machines serve', async () => {
    const filters = { count: 2, filters: { min_vram: 24 }, pool: 'llm' };
    await caller.post('/api/v1/gpu/instances/reserve', filters);
    await untilServing(caller, 2);
    expect((await caller.get('/v2/health/ready')).status).toBe(200);
    expect((await caller.get(PATH)).body).toMatchObject({ name: MODEL, inputs: [{ name: 'text_input' }] });
    const input = { name: 'input0', datatype: 'INT64', shape: [1], data: [7] };
    const infer = await caller.post(`${PATH}/versions/1/infer`, { id: '42', inputs: [input] });
    expect(infer.body).toMatchObject({ id: '42', outputs: [{ name: 'output0', data: [7] }] });
    const stream = await caller.post<string>(`${PATH}/generate_stream`, { text_input: 'Hello' });
    expect(stream.body).toMatch(/^data: \{.*"text_output"/);
  });

  it('answers the envelope with a completion', async () => {
    const body = { model: MODEL, prompt: 'Hello world', max_tokens: 100 };
    const answer = await caller.post('/api/v1/gpu/proxy', { protocol: 'openinference', pool: 'llm', body });
    expect(answer.body).toMatchObject({
      status_code: 200,
      body: { object: 'text_completion', usage: null, upstream: { dialect: 'oip-generate' } },
    });
  });

  it('shows another account nothing of it', async () => {
    const other = await signUp(running.url);
    expect((await other.get(PATH)).status).toBe(404);
    expect((await other.get('/v2/health/ready')).status).toBe(503);
  });

  it('stands in the OpenAPI document', async () => {
    const { paths } = (await caller.get<{ paths: Record<string, object> }>('/docs-json')).body;
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v2', '/v2/health/ready', '/v2/models/{model}/versions/{version}/infer']),
    );
  });
});
