import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  NUMBERS,
  raw,
  startOipDouble,
  type OipDouble,
  type OipDoubleOptions,
} from '../support/oip-double.js';
import { KEY, startProxy, type ProxyHarness } from '../support/proxy-harness.js';
import { refusedOrigin } from '../support/raw-upstream.js';

let proxy: ProxyHarness;
const doubles: OipDouble[] = [];

beforeAll(async () => {
  proxy = await startProxy();
});
afterEach(async () => {
  await Promise.all(doubles.splice(0).map((double) => double.close()));
});
afterAll(() => proxy.close());

async function serving(models: string[], options: OipDoubleOptions = {}): Promise<OipDouble> {
  const named = Object.fromEntries(models.map((name) => [name, { inputs: [NUMBERS] }]));
  const double = await startOipDouble({ models: named, ...options });
  doubles.push(double);
  return double;
}

interface Routed {
  status: number;
  instance: string | null;
  error: string | undefined;
  headers: Headers;
}

async function infer(model: string, pool?: string): Promise<Routed> {
  const answer = await fetch(`${proxy.url}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': KEY, ...(pool === undefined ? {} : { 'x-pool': pool }) },
    body: '{"inputs":[{"name":"input0","datatype":"FP32","shape":[1],"data":[1]}]}',
  });
  const { error } = (await answer.json()) as { error?: string };
  const { status, headers } = answer;
  return { status, instance: headers.get('x-gpuproxy-instance'), error, headers };
}

const instancesOf = async (count: number, model: string, pool?: string): Promise<(string | null)[]> => {
  const seen: (string | null)[] = [];
  for (let index = 0; index < count; index += 1) seen.push((await infer(model, pool)).instance);
  return seen;
};

describe('a model is found', () => {
  it('by a metadata probe on first use, which is not asked again within a minute', async () => {
    const [a, b] = [await serving(['alpha']), await serving(['beta'])];
    proxy.setPools({ default: { on: [a.origin, b.origin] } });
    expect(await instancesOf(3, 'beta')).toEqual(['i1', 'i1', 'i1']);
    expect(await instancesOf(2, 'alpha')).toEqual(['i0', 'i0']);
    expect(b.asked('/v2/models/beta')).toHaveLength(1);
    expect(b.asked('/v2/repository/index')).toHaveLength(1);
  });

  it('by the index of the repository, without any probe', async () => {
    const [a, b] = [
      await serving(['alpha'], { hasIndex: true }),
      await serving(['beta'], { hasIndex: true }),
    ];
    b.answers.set('POST /v2/repository/index', (response) =>
      raw(response, 200, '[{"name":"beta","state":"READY"},{"name":"alpha","state":"UNAVAILABLE"}]'),
    );
    proxy.setPools({ default: { on: [a.origin, b.origin] } });
    expect(await instancesOf(2, 'alpha')).toEqual(['i0', 'i0']);
    expect((await infer('beta')).instance).toBe('i1');
    expect([...a.asked('/v2/models/alpha'), ...b.asked('/v2/models/beta')]).toEqual([]);
  });

  it('by what its pool declares, on all members that tell nothing', async () => {
    const [a, b] = [await serving([]), await serving([])];
    for (const { answers } of [a, b]) {
      answers.set('POST /v2/models/secret/infer', (response) => raw(response, 200, '{}'));
    }
    proxy.setPools({ p: { on: [a.origin, b.origin], models: ['secret'] } });
    expect(new Set(await instancesOf(4, 'secret'))).toEqual(new Set(['i0', 'i1']));
  });

  it('by all who ask at the same time', async () => {
    const a = await serving(['alpha']);
    proxy.setPools({ default: { on: [a.origin] } });
    const all = await Promise.all(Array.from({ length: 5 }, () => infer('alpha')));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(a.asked('/v2/models/alpha')).toHaveLength(1);
  });

  it('on a server that says 200 to anything only when it describes the model', async () => {
    const web = await serving([]);
    web.answers.set('POST /v2/repository/index', (response) => raw(response, 200, '{"hello":1}'));
    web.answers.set('GET /v2/models/alpha', (response) => raw(response, 200, '{"name":"alpha"}'));
    proxy.setPools({ default: { on: [web.origin] } });
    expect((await infer('alpha')).status).toBe(404);
  });

  it('although one instance of the pool is dead', async () => {
    const [a, dead] = [await serving(['alpha']), await refusedOrigin()];
    proxy.setPools({ default: { on: [dead, a.origin] } });
    expect(await instancesOf(2, 'alpha')).toEqual(['i1', 'i1']);
  });

  it('on an instance that comes later', async () => {
    const [a, b] = [await serving(['alpha']), await serving(['alpha', 'beta'])];
    proxy.setPools({ default: { on: [a.origin] } });
    expect((await infer('beta')).status).toBe(404);
    proxy.setPools({ default: { on: [a.origin, b.origin] } });
    expect((await infer('beta')).instance).toBe('i1');
  });
});

describe('two pools', () => {
  it('with the same model: the caller has to choose', async () => {
    const [a, b] = [await serving(['alpha']), await serving(['alpha'])];
    proxy.setPools({ one: { on: [a.origin] }, two: { on: [b.origin] } });
    const ambiguous = await infer('alpha');
    expect([ambiguous.status, ambiguous.error]).toEqual([409, expect.stringMatching(/one, two.*X-Pool/)]);
    expect(await instancesOf(2, 'alpha', 'two')).toEqual(['i1', 'i1']);
    expect(await instancesOf(2, 'alpha', 'one')).toEqual(['i0', 'i0']);
  });

  it('one of them default: the named one wins', async () => {
    const [a, b] = [await serving(['alpha']), await serving(['alpha'])];
    proxy.setPools({ default: { on: [a.origin, b.origin] }, two: { on: [b.origin] } });
    expect(await instancesOf(3, 'alpha')).toEqual(['i1', 'i1', 'i1']);
    expect(new Set(await instancesOf(4, 'alpha', 'default'))).toEqual(new Set(['i0', 'i1']));
  });

  it('a model that nobody in the named pool has is the server’s to refuse', async () => {
    const [a, b] = [await serving(['alpha']), await serving(['beta'])];
    proxy.setPools({ one: { on: [a.origin] }, two: { on: [b.origin] } });
    const refused = await infer('alpha', 'two');
    expect([refused.status, refused.instance, refused.error]).toEqual([
      404,
      'i1',
      "Request for unknown model: 'alpha'",
    ]);
  });
});

describe('nobody', () => {
  it('serves yet: 503 with Retry-After, not 404', async () => {
    const a = await serving(['alpha']);
    proxy.setPools({ default: { on: [a.origin], fenced: [a.origin] } });
    const starting = await infer('alpha');
    expect([starting.status, starting.headers.get('retry-after')]).toEqual([503, '5']);
  });

  it('serves any more: 503 for a model that was known', async () => {
    const [a, b] = [await serving(['alpha']), await serving(['beta'])];
    proxy.setPools({ default: { on: [a.origin, b.origin] } });
    expect((await infer('alpha')).status).toBe(200);
    proxy.setPools({ default: { on: [a.origin, b.origin], fenced: [a.origin] } });
    const gone = await infer('alpha');
    expect([gone.status, Number(gone.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
    expect((await infer('beta')).status).toBe(200);
  });

  it('has it: 404 naming the model', async () => {
    const a = await serving(['alpha']);
    proxy.setPools({ default: { on: [a.origin] } });
    expect(await infer('gamma')).toMatchObject({ status: 404, error: expect.stringContaining('gamma') });
  });
});

describe('a connection that is refused', () => {
  it('is tried on another instance, an answer is not', async () => {
    const [dead, b] = [await refusedOrigin(), await serving(['alpha'])];
    proxy.setPools({ p: { on: [dead, b.origin], models: ['alpha'], strategy: 'least_connections' } });
    const moved = await infer('alpha', 'p');
    expect([moved.status, moved.instance]).toEqual([200, 'i1']);
    b.answers.set('POST /v2/models/alpha/infer', (response) => raw(response, 503, '{"error":"busy"}'));
    expect(await infer('alpha', 'p')).toMatchObject({ status: 503, error: 'busy' });
  });
});
