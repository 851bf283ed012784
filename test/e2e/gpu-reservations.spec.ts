import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PoolListView } from '../../src/gpu/pools/pool.view.js';
import type { ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { creditsOf, destroyAll } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { rentalsOf, rentedAtFarms, untilNothingIsRented } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller, type Reply } from '../support/running-daemon.js';

const RESERVE = '/api/v1/gpu/instances/reserve';
const VAST = { provider: 'vast.ai' };

describe('a reservation', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    lab = await openGpuLab('sqlite', { GPU_BOOT_TIMEOUT: '1500ms' });
    daemon = await lab.start();
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(async () => {
    lab.sandbox.vastAi.control.clearFaults();
    lab.sandbox.ioNet.control.clearFaults();
    lab.sandbox.clock.release();
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  const reserve = (body: object, headers: Record<string, string> = {}): Promise<Reply<ReservationView>> =>
    caller.post<ReservationView>(RESERVE, body, headers);

  const view = async (id: string): Promise<ReservationView> =>
    (await caller.get<ReservationView>(`/api/v1/gpu/reservations/${id}`)).body;

  const untilIn = (id: string, state: string): Promise<ReservationView> =>
    eventually(async () => {
      const seen = await view(id);
      return seen.state === state && seen;
    });

  const totalOf = ({ reserved }: ReservationView): number =>
    Number(reserved.reduce((sum, { price }) => sum + price, 0).toFixed(6));

  const poolNames = async (): Promise<string[]> =>
    (await caller.get<PoolListView>('/api/v1/gpu/pools')).body.pools.map(({ name }) => name);

  it('answers at once when the caller prefers to poll', async () => {
    lab.sandbox.vastAi.control.inject('rent', 'slow', { times: 2, delayMs: 300 });
    const { status, headers, body } = await reserve({ count: 2, filters: VAST }, { prefer: 'respond-async' });
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBe('respond-async');
    expect(body).toMatchObject({ state: 'pending', count: 0, requested: 2, reserved: [] });
    const done = await untilIn(body.reservation_id, 'completed');
    expect(done).toMatchObject({ count: 2, errors: [] });
  });

  it('replaces a member that does not come up, and counts its members only', async () => {
    lab.sandbox.vastAi.control.inject('boot', 'oci_error');
    const { body } = await reserve({ count: 3, filters: VAST, pool: 'trio' });
    const done = await untilIn(body.reservation_id, 'completed');
    expect(done).toMatchObject({ count: 3, requested: 3 });
    expect(done.errors).toMatchObject([{ provider: 'vast.ai', code: 'oci runtime error' }]);
    const running = (await rentalsOf(caller)).filter(({ state }) => state === 'running');
    expect(running.map(({ pools }) => pools)).toEqual([['trio'], ['trio'], ['trio']]);
    expect(new Set(rentedAtFarms(lab.sandbox).map(({ machineId }) => machineId)).size).toBe(3);
  });

  it('gives everything back when its members keep failing, and leaves no pool that nobody named', async () => {
    lab.sandbox.vastAi.control.inject('boot', 'oci_error', { times: 50 });
    const { body } = await reserve({ count: 2, filters: VAST });
    const failed = await untilIn(body.reservation_id, 'failed');
    expect(failed.reason).toBe('member_not_running');
    await untilNothingIsRented(lab.sandbox);
    await eventually(async () => (await poolNames()).length === 1);
    expect(await poolNames()).toEqual(['default']);
    expect(await creditsOf(caller)).toMatchObject({ credits_held: 0, credits_used: 0 });
  });

  it('in best effort keeps the members that come up', async () => {
    lab.sandbox.vastAi.control.inject('boot', 'exits_at_start');
    lab.sandbox.vastAi.control.inject('rent', 'offer_vanished');
    const { body } = await reserve({ count: 3, filters: VAST, mode: 'best_effort' });
    const done = await untilIn(body.reservation_id, 'completed');
    expect(done.count).toBe(2);
    expect(done.errors.map(({ code }) => code).toSorted()).toEqual(['container exited', 'offer_gone']);
    expect(rentedAtFarms(lab.sandbox)).toHaveLength(2);
  });

  it('in best effort fails when no member comes up', async () => {
    lab.sandbox.vastAi.control.inject('boot', 'exits_at_start', { times: 2 });
    const { body } = await reserve({ count: 2, filters: VAST, mode: 'best_effort' });
    expect((await untilIn(body.reservation_id, 'failed')).reason).toBe('no_member_came_up');
  });

  it('respects the total price, to the micro-credit and in replacements', async () => {
    const { body: free } = await reserve({ count: 3, filters: VAST });
    const total = totalOf(free);
    await caller.delete(`/api/v1/gpu/reservations/${free.reservation_id}`);
    await untilNothingIsRented(lab.sandbox);
    const tooLittle = await reserve({ count: 3, filters: VAST, max_total_price: total - 0.000001 });
    expect(tooLittle).toMatchObject({ status: 409, body: { code: 'price_above_limit' } });
    const part = await reserve({
      count: 3,
      filters: VAST,
      max_total_price: total - 0.000001,
      mode: 'best_effort',
    });
    expect(part).toMatchObject({ status: 201, body: { count: 2 } });
    await caller.delete(`/api/v1/gpu/reservations/${part.body.reservation_id}`);
    await untilNothingIsRented(lab.sandbox);
    lab.sandbox.vastAi.control.inject('boot', 'oci_error', { times: 1 });
    const enough = await reserve({ count: 3, filters: VAST, max_total_price: total + 0.03 });
    expect(enough.status).toBe(201);
    const end = await eventually(async () => {
      const seen = await view(enough.body.reservation_id);
      return seen.state !== 'pending' && seen;
    });
    expect(totalOf(end)).toBeLessThanOrEqual(total + 0.03);
  });

  it('refuses what the market does not have, before the first rent', async () => {
    const rents = lab.sandbox.vastAi.control.calls().filter(({ call }) => call === 'rent').length;
    const refused = await reserve({ count: 2, filters: { gpu_model: 'no such gpu' } });
    expect(refused).toMatchObject({ status: 409, body: { code: 'not_enough_offers', found: 0, wanted: 2 } });
    expect(lab.sandbox.vastAi.control.calls().filter(({ call }) => call === 'rent')).toHaveLength(rents);
  });

  it('lets its owner dismiss a member on the way', async () => {
    lab.sandbox.clock.hold();
    const { body } = await reserve({ count: 2, filters: VAST });
    await caller.delete(`/api/v1/gpu/instances/vast.ai/${body.reserved[0].rental_id}`);
    lab.sandbox.clock.release();
    const done = await untilIn(body.reservation_id, 'completed');
    expect(done.reserved.map(({ state }) => state)).toContain('running');
    expect(rentedAtFarms(lab.sandbox)).toHaveLength(1);
  });

  it('ends with its members when it is deleted, soon, and stays what it was', async () => {
    const { body } = await reserve({ count: 3, filters: VAST });
    await untilIn(body.reservation_id, 'completed');
    lab.sandbox.vastAi.control.inject('destroy', 'slow', { times: 3, delayMs: 1000 });
    const startedAt = Date.now();
    const deleted = await caller.delete<ReservationView>(`/api/v1/gpu/reservations/${body.reservation_id}`);
    expect(Date.now() - startedAt).toBeLessThan(900);
    expect(deleted).toMatchObject({ status: 200, body: { state: 'completed', count: 3 } });
    expect(new Set(deleted.body.reserved.map(({ state }) => state))).toEqual(new Set(['stopping']));
    await untilNothingIsRented(lab.sandbox);
    expect((await caller.delete(`/api/v1/gpu/reservations/${body.reservation_id}`)).status).toBe(200);
    expect((await creditsOf(caller)).credits_held).toBe(0);
  });
});
