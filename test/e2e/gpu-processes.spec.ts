import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Rental } from '../../src/gpu/rentals/rental.entity.js';
import { RentalTransitions } from '../../src/gpu/rentals/rental-transitions.service.js';
import type { PoolView } from '../../src/gpu/pools/pool.view.js';
import { at, creditsOf, destroyAll, rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab } from '../support/gpu-lab.js';
import { rentalOf, untilNothingIsRented, untilServing, untilState } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const POOLS = '/api/v1/gpu/pools';

let machines: Server[] = [];
afterEach(() => {
  machines.forEach((machine) => machine.close());
  machines = [];
});

/** A machine of the operator's own. */
async function startMachine(): Promise<string> {
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  machines.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('several processes, one after the other and side by side', () => {
  let lab: GpuLab;
  afterEach(() => lab.close());

  const statusOf = async (caller: ApiCaller, pool: string): Promise<number> =>
    (await caller.get(`${POOLS}/${pool}/proxy/v1/models`)).status;

  it('a meter that a dying process did not start or settle is made up by the next one', async () => {
    lab = await openGpuLab();
    const first = await lab.start();
    const caller = await signUp(first.url);
    const { id, price } = await rentAt(caller, 'vast.ai');
    await untilServing(caller, 1);
    await first.manager.query(
      `UPDATE rental_meters SET state = 'authorized', running_at = NULL, billed_through = NULL WHERE rental_id = '${id}'`,
    );
    await first.stop();
    const heir = await lab.start();
    const again = at(caller, heir.url);
    lab.clock.skip(600_000);
    await eventually(async () => (await rentalOf(again, id)).cost >= price / 6);
    const lost = { state: 'lost', endedAt: lab.clock.now(), reason: 'outbid', isServing: false } as const;
    await heir.manager.update(Rental, { id }, lost);
    await eventually(async () => (await creditsOf(again)).credits_held === 0);
    await untilNothingIsRented(lab.sandbox);
    expect((await rentalOf(again, id)).cost).toBeGreaterThanOrEqual(price / 6);
  });

  it('what one process does the other follows within two seconds', async () => {
    lab = await openGpuLab('postgres');
    const [first, second] = [await lab.start(), await lab.start()];
    const here = await signUp(first.url);
    const there = at(here, second.url);
    const rented = await rentAt(here, 'vast.ai', { pool: 'shared' });
    await untilServing(here, 1);
    const within = async (look: () => Promise<boolean>): Promise<number> => {
      const startedAt = Date.now();
      await eventually(look, 4000);
      return Date.now() - startedAt;
    };
    expect(await within(async () => (await statusOf(there, 'shared')) === 200)).toBeLessThan(2500);
    await there.post(POOLS, { name: 'made-there', members: [rented.id] });
    expect(await within(async () => (await statusOf(here, 'made-there')) === 200)).toBeLessThan(2500);
    await here.send('PATCH', `${POOLS}/shared`, { members: [] });
    expect(await within(async () => (await statusOf(there, 'shared')) === 503)).toBeLessThan(2500);
    await there.delete(`/api/v1/gpu/instances/vast.ai/${rented.id}`);
    expect(await within(async () => (await statusOf(here, 'made-there')) === 503)).toBeLessThan(2500);
    await there.delete(`${POOLS}/shared`);
    expect(await within(async () => (await statusOf(here, 'shared')) === 404)).toBeLessThan(2500);
    await untilNothingIsRented(lab.sandbox);
  });

  it('a process whose clock is behind is followed as well', async () => {
    lab = await openGpuLab('postgres');
    const [first, second] = [await lab.start(), await lab.start()];
    const here = await signUp(first.url);
    const there = at(here, second.url);
    await here.post(POOLS, { name: 'p' });
    await eventually(async () => (await statusOf(there, 'p')) === 503);
    const owner = `SELECT id FROM routing_changes`;
    await first.manager.query(`UPDATE routing_changes SET changed_at = changed_at + 30000`);
    await eventually(async () => (await first.manager.query<unknown[]>(owner)).length === 1);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await there.post(POOLS, { name: 'q' });
    await eventually(async () => (await statusOf(here, 'q')) === 503, 4000);
    expect((await here.get<PoolView>(`${POOLS}/q`)).body.name).toBe('q');
  });

  it('two that look after the same rentals do everything once', async () => {
    lab = await openGpuLab('postgres', { GPU_BOOT_TIMEOUT: '1500ms' });
    const [first] = [await lab.start(), await lab.start()];
    const caller = await signUp(first.url);
    lab.sandbox.vastAi.control.inject('boot', 'oci_error', { times: 2 });
    const { body } = await caller.post<{ reservation_id: string }>('/api/v1/gpu/instances/reserve', {
      count: 4,
      filters: { provider: 'vast.ai' },
    });
    const done = await eventually(async () => {
      const view = await caller.get<{ state: string; count: number }>(
        `/api/v1/gpu/reservations/${body.reservation_id}`,
      );
      return view.body.state === 'completed' && view.body;
    });
    expect(done.count).toBe(4);
    await eventually(async () => lab.sandbox.vastAi.control.books().active.length === 4);
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
    const credits = await creditsOf(caller);
    expect(credits.credits_held).toBe(0);
  });

  it("an operator's machine goes from one renter to the next, and back", async () => {
    const url = await startMachine();
    const machine = {
      name: 'rack-1',
      url,
      gpu_model: 'RTX 4090',
      gpu_count: 1,
      vram_gb: 24,
      price_per_hour: 0.5,
    };
    lab = await openGpuLab('sqlite', { STATIC_MACHINES: JSON.stringify([machine]) });
    const daemon = await lab.start();
    const [ann, bob] = [await signUp(daemon.url), await signUp(daemon.url)];
    const rentals: string[] = [];
    for (const renter of [ann, bob, ann]) {
      const rented = await rentAt(renter, 'static');
      expect(rented).toMatchObject({ contractId: 'rack-1', instanceId: 'static-rack-1', price: 0.5 });
      rentals.push(rented.id);
      await untilServing(renter, 1);
      expect((await renter.get(`${POOLS}/default/proxy/`)).status).toBe(200);
      const other = renter === ann ? bob : ann;
      expect((await other.get(`${POOLS}/default/proxy/`)).status).toBe(503);
      expect((await other.delete(`/api/v1/gpu/instances/static/${rentals[0]}`)).status).not.toBe(500);
      expect((await rentalOf(renter, rented.id)).state).toBe('running');
      const deleted = await renter.delete('/api/v1/gpu/instances/static/static-rack-1');
      expect(deleted).toMatchObject({ status: 200, body: { rental_id: rented.id } });
      await untilState(renter, rented.id, 'destroyed');
    }
    expect((await creditsOf(ann)).credits_held).toBe(0);
  });

  it('a rental that ended unnoticed does not take the machine from the next renter', async () => {
    const url = await startMachine();
    const machine = {
      name: 'rack-1',
      url,
      gpu_model: 'RTX 4090',
      gpu_count: 1,
      vram_gb: 24,
      price_per_hour: 0.5,
    };
    lab = await openGpuLab('sqlite', { STATIC_MACHINES: JSON.stringify([machine]) });
    const daemon = await lab.start();
    const [ann, bob] = [await signUp(daemon.url), await signUp(daemon.url)];
    const { id } = await rentAt(ann, 'static');
    await untilServing(ann, 1);
    const row = await daemon.manager.findOneByOrFail(Rental, { id });
    await daemon.manager.query('DELETE FROM static_contracts');
    await daemon.app.get(RentalTransitions).stop(row, 'destroyed_by_owner');
    const next = await rentAt(bob, 'static');
    await untilServing(bob, 1);
    for (let time = 0; time < 3; time += 1) await ann.delete(`/api/v1/gpu/instances/static/${id}`);
    await untilState(ann, id, 'destroyed');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await rentalOf(bob, next.id)).toMatchObject({ state: 'running', serving: true });
  });
});
