import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BatchView, ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { askFor, creditsOf, destroyAll, offersOf, rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import {
  rentalOf,
  rentalsOf,
  rentedAtFarms,
  untilNothingIsRented,
  untilServing,
  untilState,
} from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller } from '../support/running-daemon.js';

const BROKE = { status: 402, body: { code: 'insufficient_credits' } };

describe('renting within what one has', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;

  beforeAll(async () => {
    lab = await openGpuLab('sqlite', { SIGNUP_CREDITS: '0.1', PRICE_MARKUP_PERCENT: '10' });
    daemon = await lab.start();
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
  });
  afterEach(async () => {
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  const rents = (): number => {
    const calls = [...lab.sandbox.vastAi.control.calls(), ...lab.sandbox.ioNet.control.calls()];
    return calls.filter(({ call }) => call === 'rent' || call === 'deploy').length;
  };

  const expectUntouched = async (rentsBefore: number): Promise<void> => {
    expect(rents()).toBe(rentsBefore);
    expect(rentedAtFarms(lab.sandbox)).toEqual([]);
    expect(await creditsOf(caller)).toMatchObject({ credits_held: 0, credits_used: 0 });
    const states = (await rentalsOf(caller)).map(({ state }) => state);
    expect(states.every((state) => state === 'failed')).toBe(true);
  };

  it('asks no farm for a rental that its first minutes cannot be paid of', async () => {
    const before = rents();
    expect(await askFor(caller, 'io.net')).toMatchObject(BROKE);
    await expectUntouched(before);
  });

  it('asks no farm for a reservation that can be paid in part only', async () => {
    const before = rents();
    const body = { count: 16, filters: { provider: 'vast.ai' } };
    const refused = await caller.post('/api/v1/gpu/instances/reserve', body);
    expect(refused).toMatchObject(BROKE);
    expect(refused.body).toMatchObject({ needed: expect.any(Number), available: expect.any(Number) });
    await expectUntouched(before);
    expect((await caller.get<{ pools: unknown[] }>('/api/v1/gpu/pools')).body.pools).toHaveLength(1);
  });

  it('takes in best effort as many as can be paid', async () => {
    const body = { count: 16, mode: 'best_effort', filters: { provider: 'vast.ai' } };
    const { status, body: reservation } = await caller.post<ReservationView>(
      '/api/v1/gpu/instances/reserve',
      body,
    );
    expect(status).toBe(201);
    expect(reservation.count).toBeGreaterThan(0);
    expect(reservation.count).toBeLessThan(16);
    expect(reservation.errors).toMatchObject([{ code: 'insufficient_credits' }]);
    expect(rentedAtFarms(lab.sandbox)).toHaveLength(reservation.count);
  });

  it('asks no farm for a batch that cannot be paid at all', async () => {
    const before = rents();
    const refused = await caller.post('/api/v1/gpu/instances/batch', { ionet_count: 2 });
    expect(refused).toMatchObject(BROKE);
    await expectUntouched(before);
  });

  it('tells what a batch has rented though the other farm cannot be paid', async () => {
    const { status, body } = await caller.post<BatchView>('/api/v1/gpu/instances/batch', {
      vastai_count: 1,
      ionet_count: 1,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ total_created: 1, ionet_instances: [] });
    expect(body.vastai_instances).toHaveLength(1);
    expect(body.errors).toMatchObject([{ provider: 'io.net', code: 'insufficient_credits' }]);
  });

  it('charges the price that the list has shown, the markup included', async () => {
    const [offer] = await offersOf(caller, 'provider=vast.ai');
    const { price } = await rentAt(caller, 'vast.ai');
    expect(price).toBe(offer.price_per_hour);
    const farms = Number(offer.specifications.provider_price_per_hour);
    expect(price).toBeGreaterThanOrEqual(farms * 1.1);
    expect(price).toBeLessThan(farms * 1.1 + 0.000_002);
    const [booked] = rentedAtFarms(lab.sandbox);
    expect(`vast-${booked.offerId}`).toBe(offer.id);
  });

  it('ends a rental whose credit is used up, with all of it charged and nothing more', async () => {
    const { id, price } = await rentAt(caller, 'vast.ai');
    await untilServing(caller, 1);
    lab.clock.skip(3_600_000 * (0.1 / price) + 60_000);
    const expired = await untilState(caller, id, 'expired');
    expect(expired).toMatchObject({ reason: 'insufficient_credits', serving: false });
    await untilNothingIsRented(lab.sandbox);
    await eventually(async () => (await creditsOf(caller)).credits_held === 0);
    const credits = await creditsOf(caller);
    expect(credits.credits_used).toBeCloseTo(0.1, 4);
    expect(credits.credits_used).toBeLessThanOrEqual(0.1);
    expect(credits.credits_remaining).toBeGreaterThanOrEqual(0);
    expect((await rentalOf(caller, id)).cost).toBe(credits.credits_used);
    expect((await caller.get('/api/v1/gpu/pools/default/proxy/')).status).toBe(503);
  });

  it('does not begin to charge before it runs, nor after the owner has ended it', async () => {
    lab.sandbox.clock.hold();
    const { id } = await rentAt(caller, 'vast.ai');
    lab.clock.skip(600_000);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect((await creditsOf(caller)).credits_used).toBe(0);
    lab.sandbox.clock.release();
    await untilState(caller, id, 'running');
    lab.sandbox.vastAi.control.inject('destroy', 'html_502', { times: 5 });
    await caller.delete(`/api/v1/gpu/instances/vast.ai/${id}`);
    const { credits_used: used } = await creditsOf(caller);
    lab.clock.skip(600_000);
    await untilNothingIsRented(lab.sandbox);
    expect((await creditsOf(caller)).credits_used).toBe(used);
    expect(used).toBeLessThan(0.001);
  });
});
