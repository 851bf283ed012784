import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PoolListView, PoolView } from '../../src/gpu/pools/pool.view.js';
import { at, destroyAll, rentAt, type Rented } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { rentalOf, untilServing } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller, type Reply } from '../support/running-daemon.js';

const POOLS = '/api/v1/gpu/pools';

interface Echo {
  headers: Record<string, string>;
}

describe('pools', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    lab = await openGpuLab();
    daemon = await lab.start();
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(() => destroyAll(caller));
  afterAll(() => lab.close());

  const rentTwo = async (body: object = {}): Promise<[Rented, Rented]> => {
    const both: [Rented, Rented] = [
      await rentAt(caller, 'vast.ai', body),
      await rentAt(caller, 'vast.ai', body),
    ];
    await untilServing(caller, 2);
    return both;
  };
  const patch = (name: string, body: object): Promise<Reply<PoolView>> =>
    caller.send<PoolView>('PATCH', `${POOLS}/${name}`, body);
  const servedBy = async (pool: string, times: number, who = caller): Promise<(string | null)[]> => {
    const answers: (string | null)[] = [];
    for (let turn = 0; turn < times; turn += 1) {
      const { headers } = await who.get(`${POOLS}/${pool}/proxy/v1/models`);
      answers.push(headers.get('x-gpuproxy-instance'));
    }
    return answers;
  };

  it('have one from the start, which holds everything that runs', async () => {
    const { body: empty } = await caller.get<PoolListView>(POOLS);
    expect(empty).toMatchObject({
      count: 1,
      pools: [{ name: 'default', strategy: 'round_robin', strategy_is_default: true, members: [] }],
    });
    const both = await rentTwo();
    const { body } = await caller.get<PoolView>(`${POOLS}/default`);
    expect(body).toMatchObject({ serving: 2, created_at: null });
    expect(new Set(body.members.map(({ rental_id: id }) => id))).toEqual(new Set(both.map(({ id }) => id)));
    expect(new Set(await servedBy('default', 4)).size).toBe(2);
  });

  it('default takes settings and keeps its members', async () => {
    expect(await patch('default', { members: [] })).toMatchObject({
      status: 422,
      body: { code: 'reserved_pool_name' },
    });
    expect(await caller.post(POOLS, { name: 'default' })).toMatchObject({ status: 422 });
    const both = await Promise.all([patch('default', { port: 9000 }), patch('default', { mcp_path: '/x' })]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await caller.get(`${POOLS}/default`)).body).toMatchObject({ port: 9000, mcp_path: '/x' });
    expect((await caller.delete(`${POOLS}/default`)).status).toBe(204);
    expect((await caller.get(`${POOLS}/default`)).body).toMatchObject({ port: null, mcp_path: '/mcp' });
  });

  it('are made, changed and deleted, and their rentals stay', async () => {
    const [first, second] = await rentTwo();
    const made = await caller.post<PoolView>(POOLS, { name: 'a', members: [first.id, first.id] });
    expect(made).toMatchObject({ status: 201, body: { name: 'a', protocol: 'http', serving: 1 } });
    expect(await caller.post(POOLS, { name: 'a' })).toMatchObject({
      status: 409,
      body: { code: 'pool_exists' },
    });
    expect(new Set(await servedBy('a', 3))).toEqual(new Set([first.instanceId]));
    const settings = { members: [second.id], protocol: 'openai', models: ['m'], health: { path: '/health' } };
    expect(await patch('a', settings)).toMatchObject({
      status: 200,
      body: { protocol: 'openai', models: ['m'], health: { path: '/health', port: null } },
    });
    expect(new Set(await servedBy('a', 3))).toEqual(new Set([second.instanceId]));
    expect((await patch('a', { protocol: null, models: null, health: null })).body).toMatchObject({
      protocol: 'http',
      models: [],
      health: null,
    });
    expect((await rentalOf(caller, second.id)).pools).toEqual(['a']);
    expect((await caller.delete(`${POOLS}/a`)).status).toBe(204);
    expect((await caller.delete(`${POOLS}/a`)).status).toBe(404);
    expect((await caller.get(`${POOLS}/a/proxy/`)).status).toBe(404);
    expect(await rentalOf(caller, second.id)).toMatchObject({ state: 'running', pools: [] });
  });

  it('are joined by a rental that names one, made when it is new', async () => {
    const first = await rentAt(caller, 'vast.ai', { pool: 'fresh' });
    const second = await rentAt(caller, 'vast.ai', { pool: 'fresh' });
    await untilServing(caller, 2);
    expect(new Set(await servedBy('fresh', 4))).toEqual(new Set([first.instanceId, second.instanceId]));
    await caller.delete(`/api/v1/gpu/instances/vast.ai/${first.id}`);
    expect(new Set(await servedBy('fresh', 4))).toEqual(new Set([second.instanceId]));
  });

  it("balance as they say, else as the caller's default says", async () => {
    await caller.post(POOLS, { name: 'own', strategy: 'least_connections' });
    await caller.post(POOLS, { name: 'follows' });
    await caller.send('PUT', '/api/v1/loadbalancer/strategy', { strategy: 'weighted_round_robin' });
    const strategies = async (): Promise<Record<string, string>> => {
      const { pools } = (await caller.get<PoolListView>(POOLS)).body;
      return Object.fromEntries(pools.map(({ name, strategy }) => [name, strategy]));
    };
    expect(await strategies()).toEqual({
      default: 'weighted_round_robin',
      own: 'least_connections',
      follows: 'weighted_round_robin',
    });
    expect((await patch('own', { strategy: null })).body).toMatchObject({
      strategy: 'weighted_round_robin',
      strategy_is_default: true,
    });
  });

  it('choose between the mapped ports', async () => {
    const { contractId } = await rentAt(caller, 'vast.ai', { ports: [8000, 9000], pool: 'second' });
    await untilServing(caller, 1);
    const machine = (port: number): number =>
      lab.sandbox.vastAi.control.machine(Number(contractId), port)?.stats.requests ?? 0;
    await patch('second', { port: 9000 });
    await caller.get(`${POOLS}/second/proxy/echo`);
    const before = [machine(8000), machine(9000)];
    for (let turn = 0; turn < 20; turn += 1) await caller.get(`${POOLS}/second/proxy/echo`);
    expect(machine(9000) - before[1]).toBeGreaterThanOrEqual(20);
    expect(machine(8000) - before[0]).toBeLessThan(20);
    await patch('second', { port: 7000 });
    await eventually(async () => (await caller.get(`${POOLS}/second/proxy/echo`)).status === 503);
  });

  it('keep credentials for the upstream encrypted, and send them', async () => {
    const secret = 'Bearer very-secret-upstream-token';
    const rented = await rentAt(caller, 'vast.ai', { pool: 'guarded' });
    await untilServing(caller, 1);
    const set = await patch('guarded', { upstream_headers: { 'X-Upstream-Auth': secret } });
    expect(set.body).toMatchObject({ has_upstream_headers: true });
    expect(JSON.stringify(set.body)).not.toContain('very-secret');
    const rows = await daemon.manager.query<object[]>('SELECT * FROM pools');
    expect(JSON.stringify(rows)).not.toContain('very-secret');
    const { body } = await caller.get<Echo>(`${POOLS}/guarded/proxy/echo`);
    expect(body.headers['x-upstream-auth']).toBe(secret);
    const direct = await caller.get<Echo>(`/api/v1/gpu/rentals/${rented.id}/proxy/echo`);
    expect(direct.body.headers).not.toHaveProperty('x-upstream-auth');
    await patch('guarded', { upstream_headers: null });
    const bare = await caller.get<Echo>(`${POOLS}/guarded/proxy/echo`);
    expect(bare.body.headers).not.toHaveProperty('x-upstream-auth');
  });

  it('are there again after a restart, with everything that serves', async () => {
    const [first] = await rentTwo();
    await caller.post(POOLS, { name: 'kept', members: [first.id], strategy: 'least_connections' });
    await patch('kept', { upstream_headers: { 'x-kept': 'yes' } });
    const heir = await lab.start();
    const again = at(caller, heir.url);
    expect(new Set(await servedBy('kept', 3, again))).toEqual(new Set([first.instanceId]));
    expect(new Set(await servedBy('default', 4, again)).size).toBe(2);
    const { body } = await again.get<Echo>(`${POOLS}/kept/proxy/echo`);
    expect(body.headers['x-kept']).toBe('yes');
    await heir.stop();
  });

  it('of one person are not those of another', async () => {
    const other = await signUp(daemon.url);
    await rentAt(caller, 'vast.ai', { pool: 'same-name' });
    await untilServing(caller, 1);
    await other.post(POOLS, { name: 'same-name' });
    expect((await other.get(`${POOLS}/same-name/proxy/`)).status).toBe(503);
    expect((await other.get(`${POOLS}/default/proxy/`)).status).toBe(503);
    expect((await caller.get(`${POOLS}/same-name/proxy/v1/models`)).status).toBe(200);
    expect((await other.get<{ count: number }>('/api/v1/loadbalancer/loads')).body.count).toBe(0);
  });
});
