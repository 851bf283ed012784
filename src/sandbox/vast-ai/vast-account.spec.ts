import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  eventually,
  readFixture,
  rentVast,
  showVast,
  vastCaller,
  vastIn,
  vastOrigin,
} from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { startSandbox, type Sandbox } from '../sandbox.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 2000, rateScale: 0 });
});
afterAll(() => sandbox.close());

const HOUR = 3_600_000;
const get = <T = Record<string, unknown>>(
  path: string,
): Promise<{ status: number; body: T; text: string; contentType: string }> =>
  vastCaller(sandbox)<T>('GET', path);
const put = (path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> =>
  vastCaller(sandbox)('PUT', path, { body });
const billOf = (id: number): number => {
  const { active, ended } = sandbox.vastAi.control.books();
  return [...active, ...ended].find((row) => row.id === String(id))?.billedMicro ?? NaN;
};
/** What `hours` of the farm's calendar cost a contract, in dollars. */
const costOf = (id: number, hours: number): number => {
  const before = billOf(id);
  sandbox.clock.skip(hours * HOUR);
  return (billOf(id) - before) / 1_000_000;
};

describe('metering', () => {
  test('GPU and disk while it runs, the disk alone when stopped, nothing while offline', async () => {
    const id = await rentVast(sandbox, 27109936, { disk: 60 });
    await vastIn(sandbox, id, 'running');
    expect(costOf(id, 1)).toBeCloseTo(0.3357777, 4);
    await put(`/api/v0/instances/${id}/`, { state: 'stopped' });
    expect(costOf(id, 0.1)).toBeCloseTo(0.000666, 5);
    sandbox.vastAi.control.goOffline(id);
    expect(costOf(id, 0.1)).toBeCloseTo(0, 5);
  });

  test('the GPU costs nothing before the container runs', async () => {
    sandbox.vastAi.control.inject('boot', 'stuck_loading');
    const id = await rentVast(sandbox, 27091933, { disk: 10 });
    await vastIn(sandbox, id, 'loading');
    expect(costOf(id, 1)).toBeLessThan(0.01);
  });

  test('traffic is billed by the byte', async () => {
    const id = await rentVast(sandbox, 27117922);
    const row = await vastIn(sandbox, id, 'running');
    await (await fetch(`${vastOrigin(row)}/echo`, { method: 'POST', body: 'x'.repeat(3_000_000) })).text();
    sandbox.vastAi.control.books();
    const { results } = (
      await get<{ results: { source: string; items: { type: string; amount: number }[] }[] }>(
        '/api/v0/charges/',
      )
    ).body;
    const items = results.find(({ source }) => source === `instance-${id}`)?.items ?? [];
    expect(items.find(({ type }) => type === 'bwu')?.amount).toBeCloseTo((3_000_000 / 1e9) * 0.04, 5);
    expect(items.find(({ type }) => type === 'bwd')?.amount).toBeGreaterThan(0.05);
  });

  test('the account pays what the contracts cost, and shows it', async () => {
    const { totalBilledMicro, creditMicro } = sandbox.vastAi.control.books();
    expect(creditMicro).toBeCloseTo(10_000_000_000 - totalBilledMicro, -2);
    const { body } = await get<{ credit: number }>('/api/v0/users/current/');
    expectSameShape(body, readFixture('vast/user.current.response.json'));
    expect(body.credit).toBeCloseTo(creditMicro / 1_000_000, 2);
  });

  test('charges have the documented shape and page', async () => {
    const { body } = await get<{ next_token: string; count: number; total: number }>(
      '/api/v0/charges/?limit=1',
    );
    expectSameShape(body, readFixture('vast/charges.response.json'));
    expect(body.total).toBeGreaterThan(1);
    const next = await get<{ count: number }>(
      `/api/v0/charges/?limit=50&after_token=${encodeURIComponent(body.next_token)}`,
    );
    expect(next.body.count).toBe(body.total - 1);
    expect((await get('/api/v0/charges/?after_token=%21')).body).toMatchObject({ error: 'invalid_token' });
  });

  test('out of credit everything stops, and a start is refused', async () => {
    const id = await rentVast(sandbox, 27093999);
    await vastIn(sandbox, id, 'running');
    sandbox.vastAi.control.setCredit(0);
    const row = await eventually(async () => {
      const shown = await showVast(sandbox, id);
      return shown?.cur_state === 'stopped' ? shown : undefined;
    });
    expect(row.intended_status).toBe('stopped');
    expect((await put(`/api/v0/instances/${id}/`, { state: 'running' })).body).toMatchObject({
      error: 'insufficient_credit',
    });
    sandbox.vastAi.control.setCredit(1000);
  });
});

describe('price increases', () => {
  test('are listed, and accepted only with the exact body', async () => {
    const id = await rentVast(sandbox, 27095186);
    const pending = sandbox.vastAi.control.proposePriceIncrease(id, 2);
    const list = await get('/api/v0/instances/pending-price-increases/');
    expectSameShape(list.body, readFixture('vast/price-increases.response.json'));
    const accept = '/api/v0/instances/accept-price-increase/';
    const before = Number((await showVast(sandbox, id))?.dph_base);
    expect((await put(accept, { pending_price_increase_id: pending, sure: true })).status).toBe(400);
    expect((await put(accept, { pending_price_increase_id: pending })).body).toEqual({ success: true });
    expect((await showVast(sandbox, id))?.dph_base).toBeCloseTo(before * 2, 9);
    expect((await put(accept, { pending_price_increase_id: pending })).body).toEqual({
      success: false,
      error: 'no_pending_price_increase',
    });
  });

  test('rejected, the price stays', async () => {
    const id = await rentVast(sandbox, 27096315);
    const before = (await showVast(sandbox, id))?.dph_base;
    const pending = sandbox.vastAi.control.proposePriceIncrease(id, 3);
    await put('/api/v0/instances/reject-price-increase/', { pending_price_increase_id: pending });
    expect((await showVast(sandbox, id))?.dph_base).toBe(before);
    expect((await get('/api/v0/instances/pending-price-increases/')).body.count).toBe(0);
  });
});

describe('logs', () => {
  test('are not there at once: 403 as the storage answers', async () => {
    const slow = await startSandbox({ timeScale: 1, rateScale: 0, machines: 'none' });
    const id = await rentVast(slow, 27082378);
    const { body } = await vastCaller(slow)('PUT', `/api/v0/instances/request_logs/${id}/`, { body: {} });
    const reply = await fetch(String(body.result_url));
    expect([reply.status, reply.headers.get('content-type')]).toEqual([403, 'application/xml']);
    await slow.close();
  });

  test('are uploaded and then fetched without a key', async () => {
    const id = await rentVast(sandbox, 27082378);
    await vastIn(sandbox, id, 'running');
    const reply = await put(`/api/v0/instances/request_logs/${id}/`, { tail: '2' });
    expectSameShape(reply.body, readFixture('vast/logs.request.response.json'));
    const url = String(reply.body.result_url);
    const text = await eventually(async () => {
      const response = await fetch(url);
      return response.ok ? response.text() : undefined;
    });
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toContain('Application startup complete');
  });

  test('of an unknown contract are a 404', async () => {
    expect((await put('/api/v0/instances/request_logs/1/', {})).status).toBe(404);
  });
});
