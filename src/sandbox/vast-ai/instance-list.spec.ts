import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFixture, rentVast, vastCaller, type VastRow } from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { startSandbox, type Sandbox } from '../sandbox.js';

interface Page {
  instances: VastRow[];
  instances_found: number;
  total_instances: number;
  next_token: string | null;
  label_counts: Record<string, number>;
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 60, rateScale: 0, machines: 'none' });
});
afterAll(() => sandbox.close());

const list = (query: Record<string, unknown> = {}): Promise<{ status: number; body: Page }> => {
  const texts = Object.entries(query).map(([key, value]): [string, string] => [
    key,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return vastCaller(sandbox)<Page>('GET', `/api/v1/instances/?${new URLSearchParams(texts)}`);
};

test('without contracts it is the empty answer', async () => {
  expect((await list()).body).toEqual(readFixture('vast/instances.empty.response.json'));
});

describe('with 28 contracts', () => {
  beforeAll(async () => {
    const call = vastCaller(sandbox);
    const body = { num_gpus: { lte: 2 }, order: [['dph_total', 'asc']], limit: 28 };
    const { offers } = (await call<{ offers: { id: number }[] }>('POST', '/api/v0/bundles/', { body })).body;
    for (const [index, { id }] of offers.entries())
      await rentVast(sandbox, id, { label: `node-${index % 14}` });
  });

  test('pages hold 25 rows and the rest, in the recorded shape', async () => {
    const first = (await list()).body;
    expectSameShape(first, readFixture('vast/instances.page1.response.json'));
    expect([first.instances_found, first.total_instances]).toEqual([25, 28]);
    expect(first.label_counts['node-0']).toBe(2);
    const second = (await list({ after_token: first.next_token })).body;
    expectSameShape(second, readFixture('vast/instances.page2.response.json'));
    expect([second.instances_found, second.total_instances, second.next_token]).toEqual([3, 28, null]);
    const ids = [...first.instances, ...second.instances].map(({ id }) => id);
    expect(new Set(ids).size).toBe(28);
  });

  test('25 is the most, fewer may be asked', async () => {
    expect((await list({ limit: 100 })).body.instances_found).toBe(25);
    expect((await list({ limit: 7 })).body.instances_found).toBe(7);
    expect((await list({ limit: 0 })).status).toBe(400);
  });

  test('every page of another order shows each contract once', async () => {
    const seen: VastRow[] = [];
    let token: string | null = null;
    do {
      const page: Page = (
        await list({
          limit: 5,
          order_by: [{ col: 'label', dir: 'desc' }],
          ...(token ? { after_token: token } : {}),
        })
      ).body;
      seen.push(...page.instances);
      token = page.next_token;
    } while (token);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(28);
    const labels = seen.map(({ label }) => label ?? '');
    expect(labels).toEqual(labels.toSorted().toReversed());
  });

  test('a page survives contracts that end in between', async () => {
    const first = (await list({ limit: 10 })).body;
    const last = first.instances[9];
    await vastCaller(sandbox)('DELETE', `/api/v0/instances/${last.id}/`, { body: {} });
    const next = (await list({ limit: 25, after_token: first.next_token })).body;
    expect(next.instances[0].id).toBe(last.id + 1);
    expect(next.instances_found).toBe(18);
  });

  test('stored columns filter, computed ones are a 400', async () => {
    expect((await list({ select_filters: { label: { eq: 'node-3' } } })).body.total_instances).toBe(2);
    const refused = await list({ select_filters: { dph_total: { lte: 1 } } });
    expect(refused).toMatchObject({
      status: 400,
      body: {
        error: 'invalid_request',
        msg: 'Error in query parameters: dph_total is not a valid search key',
      },
    });
  });

  test('columns may be chosen', async () => {
    const [row] = (await list({ select_cols: ['id', 'label'], limit: 1 })).body.instances;
    expect(Object.keys(row)).toEqual(['id', 'label']);
  });

  test('a bad token is a 400', async () => {
    expect((await list({ after_token: 'nonsense' })).body).toMatchObject({ error: 'invalid_token' });
  });
});

test('the old list is gone', async () => {
  const reply = await vastCaller(sandbox)('GET', '/api/v0/instances/');
  expect(reply).toMatchObject({ status: 410, body: { success: false, error: 'deprecated_endpoint' } });
});
