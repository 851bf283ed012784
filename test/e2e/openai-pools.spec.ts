import OpenAI, { APIError, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { completion, json, startOpenAiUpstream, type OpenAiUpstream } from '../support/openai-upstream.js';
import { untilServing } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const MESSAGES = [{ role: 'user' as const, content: 'Hello' }];

interface UsageRow {
  protocol: string;
  pool: string;
  route: string;
  input_tokens: number;
  output_tokens: number;
}

/**
 * Pools: `llama` has two sandbox machines with acme/llama, `qwen` one with qwen, `own` a machine of one's own with
 * acme/llama and own-model, `silent` one that tells no models; one more is in no pool and has loose-model.
 */
describe('the OpenAI surface over several pools', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;
  let client: OpenAI;
  let upstreams: Record<'own' | 'silent' | 'loose', OpenAiUpstream>;
  const instancesOf = new Map<string, string[]>();

  const staticMachine = (name: string, url: string): object => ({ name, url, gpu_model: 'L4', vram_gb: 24 });
  const rentOwn = async (name: string, pool?: string): Promise<void> => {
    const path = `/api/v1/gpu/instances/static/static-${name}`;
    const { status } = await caller.post(path, pool === undefined ? {} : { pool });
    expect(status).toBe(201);
    instancesOf.set(pool ?? 'default', [`static-${name}`]);
  };
  const rent = async (provider: 'vast.ai' | 'io.net', pool: string, model: string): Promise<void> => {
    const { instanceId } = await rentAt(caller, provider, { pool, env: { MODEL: model } });
    instancesOf.set(pool, [...(instancesOf.get(pool) ?? []), instanceId]);
  };

  beforeAll(async () => {
    const [own, silent, loose] = await Promise.all([1, 2, 3].map(() => startOpenAiUpstream()));
    upstreams = { own, silent, loose };
    own.models = ['acme/llama', 'own-model'];
    loose.models = ['loose-model'];
    silent.reply = (request, response) =>
      request.path === '/v1/models' ? json(response, 404, {}) : completion(request, response);
    const machines = Object.entries(upstreams).map(([name, { origin }]) => staticMachine(name, origin));
    lab = await openGpuLab('sqlite', { STATIC_MACHINES: JSON.stringify(machines), SIGNUP_CREDITS: '100' });
    daemon = await lab.start();
    caller = await signUp(daemon.url);
    client = new OpenAI({ apiKey: caller.key, baseURL: `${daemon.url}/v1`, maxRetries: 0 });
    await rent('vast.ai', 'llama', 'acme/llama');
    await rent('io.net', 'llama', 'acme/llama');
    await rent('vast.ai', 'qwen', 'qwen');
    await rentOwn('own', 'own');
    await rentOwn('silent', 'silent');
    await rentOwn('loose');
    await caller.send('PATCH', '/api/v1/gpu/pools/silent', { models: ['whisper'] });
    await untilServing(caller, 6);
  });
  afterAll(async () => {
    await lab.close();
    await Promise.all(Object.values(upstreams).map((upstream) => upstream.close()));
  });

  const failure = (work: PromiseLike<unknown>): Promise<APIError> =>
    Promise.resolve(work).then(
      () => Promise.reject(new Error('it went well')),
      (error: unknown) => error as APIError,
    );
  const servedBy = async (model: string, headers: Record<string, string> = {}): Promise<string> => {
    const request = client.chat.completions.create({ model, messages: MESSAGES }, { headers });
    return (await request.asResponse()).headers.get('x-gpuproxy-instance') ?? '';
  };
  const inPool = (pool: string): string[] => [...(instancesOf.get(pool) ?? [])].sort();

  it('lists the models of all pools once, and who serves them', async () => {
    const { data } = await client.models.list();
    const shown = new Map(data.map((model) => [model.id, (model as unknown as { pools: string[] }).pools]));
    expect(Object.fromEntries([...shown].map(([id, pools]) => [id, [...pools].sort()]))).toEqual({
      'acme/llama': ['llama', 'own'],
      'own-model': ['own'],
      qwen: ['qwen'],
      whisper: ['silent'],
      'loose-model': ['default'],
    });
    expect(data.find(({ id }) => id === 'own-model')).toMatchObject({
      object: 'model',
      owned_by: 'test',
      created: 1_700_000_000,
    });
    const ofPool = await client.models.list({ headers: { 'X-Pool': 'own' } });
    expect(ofPool.data.map(({ id }) => id)).toEqual(['acme/llama', 'own-model']);
  });

  it.each(['qwen', 'acme/llama', 'qwen/qwen', 'own/acme/llama', 'default/loose-model'])(
    'shows the model %s',
    async (id) => {
      expect(await client.models.retrieve(id)).toMatchObject({ id, object: 'model' });
      const plain = await caller.get<{ id: string }>(`/v1/models/${id}`);
      expect([plain.status, plain.body.id]).toEqual([200, id]);
    },
  );

  it('knows no model of others', async () => {
    expect(await failure(client.models.retrieve('gpt-9'))).toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    const stranger = new OpenAI({ apiKey: (await signUp(daemon.url)).key, baseURL: `${daemon.url}/v1` });
    expect((await stranger.models.list()).data).toEqual([]);
    expect(
      await failure(stranger.chat.completions.create({ model: 'qwen', messages: MESSAGES })),
    ).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('answers chat, completions and embeddings from the pool of the model', async () => {
    const chat = await client.chat.completions.create({ model: 'qwen', messages: MESSAGES });
    expect(chat).toMatchObject({ model: 'qwen', choices: [{ message: { role: 'assistant' } }] });
    const text = await client.completions.create({ model: 'qwen', prompt: 'Once' });
    expect(text.choices[0].text).toContain('served by');
    const { data } = await client.embeddings.create({
      model: 'qwen',
      input: ['a', 'b'],
      encoding_format: 'float',
    });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([16, 16]);
    expect([await servedBy('qwen')]).toEqual(inPool('qwen'));
  });

  it('streams, with the usage when it is asked for', async () => {
    const stream = await client.chat.completions.create({
      model: 'qwen',
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let tokens = 0;
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? '';
      tokens = usage?.completion_tokens ?? tokens;
    }
    expect(text).toContain('served by');
    expect(tokens).toBeGreaterThan(0);
  });

  it('wants to know which pool when two serve the model', async () => {
    const error = await failure(client.chat.completions.create({ model: 'acme/llama', messages: MESSAGES }));
    expect(error).toMatchObject({ status: 409, code: 'model_ambiguous', param: 'model' });
    expect(error.message).toMatch(/llama, own|own, llama/);
    expect(error.headers?.get('x-should-retry')).toBe('false');
  });

  it('takes the pool from the model or from X-Pool, and turns round its members', async () => {
    const turns = [];
    for (let turn = 0; turn < 4; turn += 1) turns.push(await servedBy('llama/acme/llama'));
    expect([turns[0], turns[1]].sort()).toEqual(inPool('llama'));
    expect(turns.slice(2)).toEqual(turns.slice(0, 2));
    expect([await servedBy('acme/llama', { 'X-Pool': 'own' })]).toEqual(inPool('own'));
    expect(JSON.parse(upstreams.own.received.at(-1)?.body.toString() ?? '')).toMatchObject({
      model: 'acme/llama',
    });
  });

  it('picks among the members of default that serve the model', async () => {
    const picked = new Set<string>();
    for (let turn = 0; turn < 4; turn += 1) picked.add(await servedBy('loose-model'));
    expect([...picked]).toEqual(inPool('default'));
    expect([await servedBy('default/qwen')]).toEqual(inPool('qwen'));
  });

  it('sends declared models and bodies without JSON where they belong', async () => {
    expect([await servedBy('whisper')]).toEqual(inPool('silent'));
    const file = await toFile(Buffer.from('sound'), 'a.wav');
    upstreams.silent.reply = (_, response) => json(response, 200, { text: 'hi' });
    const headers = { 'X-Pool': 'silent' };
    const heard = await client.audio.transcriptions.create({ file, model: 'whisper' }, { headers });
    expect(heard.text).toBe('hi');
    expect(upstreams.silent.received.at(-1)?.path).toBe('/v1/audio/transcriptions');
  });

  it('books the tokens of every request', async () => {
    const rows = await eventually(async () => {
      const { body } = await caller.get<{ usage: UsageRow[] }>('/api/v1/credits/usage?limit=100');
      const found = body.usage.filter(({ protocol, pool }) => protocol === 'openai' && pool === 'qwen');
      return found.length >= 5 && found;
    });
    const completions = rows.filter(({ route }) => route === '/v1/chat/completions');
    expect(completions.every((row) => row.input_tokens > 0 && row.output_tokens > 0)).toBe(true);
    expect(rows.find(({ route }) => route === '/v1/embeddings')).toMatchObject({ output_tokens: 0 });
  });

  it('says 503 and not 404 while nobody who serves the model is healthy', async () => {
    upstreams.loose.reply = (_, response) => json(response, 503, {});
    const error = await eventually(async () => {
      const refused = await failure(
        client.chat.completions.create({ model: 'loose-model', messages: MESSAGES }),
      );
      return refused.code === 'no_healthy_instance' && refused;
    });
    expect(error.status).toBe(503);
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0);
  });

  it('forgets the models of a pool that is gone', async () => {
    await caller.delete(`/api/v1/gpu/instances/static/static-own`);
    await eventually(async () => (await servedBy('acme/llama').catch(() => '')) !== '');
    expect(await failure(client.models.retrieve('own-model'))).toMatchObject({ status: 404 });
  });
});
