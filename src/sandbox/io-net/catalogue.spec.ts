import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  deployBody,
  ioNetCaller,
  readFixture,
  type FarmReply,
} from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { startSandbox, type Sandbox } from '../sandbox.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 60, machines: 'none' });
});
afterAll(() => sandbox.close());

const get = <T = Record<string, unknown>>(path: string, key?: string | null): Promise<FarmReply<T>> =>
  ioNetCaller(sandbox)<T>('GET', path, { key });
const priceQuery = (more: Record<string, string> = {}): string =>
  `/price?${new URLSearchParams({ location_ids: '[1,2]', hardware_id: '12', duration_hours: '24', gpus_per_container: '1', replica_count: '1', ...more })}`;

describe('catalogue', () => {
  test('hardware has integer ids, no price, and the recorded availability', async () => {
    const fixture = readFixture('ionet/max-gpus-per-container.response.json');
    expect((await get('/hardware/max-gpus-per-container')).body).toEqual(fixture);
  });

  test('replicas per place depend on the GPUs per container', async () => {
    const one = await get<{ data: { id: number; available_replicas: number }[] }>(
      '/available-replicas?hardware_id=12&hardware_qty=1',
    );
    expectSameShape(one.body, readFixture('ionet/available-replicas.response.json'));
    const eight = await get<{ data: { available_replicas: number }[] }>(
      '/available-replicas?hardware_id=12&hardware_qty=8',
    );
    expect([one.body.data[0].available_replicas, eight.body.data[0].available_replicas]).toEqual([311, 38]);
    expect((await get('/available-replicas?hardware_id=9999&hardware_qty=1')).body).toEqual(
      readFixture('ionet/available-replicas.none.response.json'),
    );
  });

  test('the console lists places', async () => {
    const url = sandbox.ioNet.url.replace('/enterprise', '');
    const response = await fetch(`${url}/locations`, { headers: { 'x-api-key': sandbox.ioNet.apiKey } });
    expect(response.status).toBe(200);
    expectSameShape(await response.json(), readFixture('ionet/locations.response.json'));
  });

  test('a name is free or not: a bare boolean', async () => {
    const path = '/clusters/check_cluster_name_availability?cluster_name=mine';
    expect((await get(path)).text).toBe('true');
    await ioNetCaller(sandbox)('POST', '/deploy', { body: deployBody({ resource_private_name: 'mine' }) });
    expect((await get(path)).text).toBe('false');
  });
});

describe('price', () => {
  test('is the recorded one to the last digit', async () => {
    const fixture = readFixture('ionet/price.response.json') as { body: { data: Record<string, unknown> } };
    const { body } = await get<{ data: Record<string, unknown> }>(priceQuery());
    expect({ ...body.data, available_replica_count: [] }).toEqual({
      ...fixture.body.data,
      available_replica_count: [],
    });
  });

  test('is for all hours, GPUs and replicas', async () => {
    const total = async (more: Record<string, string>): Promise<number> =>
      Number((await get<{ data: { total_cost_usdc: number } }>(priceQuery(more))).body.data.total_cost_usdc);
    expect(await total({ duration_hours: '48' })).toBeCloseTo(2 * 7.36236, 6);
    expect(await total({ gpus_per_container: '4', replica_count: '3' })).toBeCloseTo(12 * 7.36236, 5);
  });

  test.each([
    ['a missing field', { hardware_id: '' }, 'hardware_id'],
    ['zero hours', { duration_hours: '0' }, 'duration_hours'],
    ['places that are no list', { location_ids: '1,2' }, 'location_ids'],
  ])('%s is a 422 that names it', async (_, more, field) => {
    const reply = await get<{ detail: { loc: string[] }[] }>(priceQuery(more));
    expect(reply.status).toBe(422);
    expect(reply.body.detail[0].loc).toEqual(['query', field]);
  });
});

describe('keys', () => {
  test('a missing key is a 422, a wrong one a 401, worded as recorded', async () => {
    const errors = readFixture('ionet/errors.json') as { http_status: number; body: unknown }[];
    const missing = await get('/deployments', null);
    const wrong = await get('/deployments', 'wrong');
    expect(errors).toContainEqual(expect.objectContaining({ http_status: 422, body: missing.body }));
    expect(errors).toContainEqual(expect.objectContaining({ http_status: 401, body: wrong.body }));
    expect([missing.status, wrong.status]).toEqual([422, 401]);
  });

  test('an unknown path is a 404', async () => {
    expect((await get('/devices')).body).toEqual({ detail: 'Not Found' });
  });
});
