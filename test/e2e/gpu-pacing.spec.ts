import { afterEach, describe, expect, it } from 'vitest';
import { isLive } from '../../src/gpu/rentals/rental-state.js';
import type { ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { creditsOf } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab } from '../support/gpu-lab.js';
import { rentalsOf, rentedAtFarms, untilNothingIsRented } from '../support/rental-views.js';
import { eventually, signUp } from '../support/running-daemon.js';

const RESERVE = '/api/v1/gpu/instances/reserve';
const VAST = { provider: 'vast.ai' };

describe("a farm's pace", () => {
  let lab: GpuLab;
  afterEach(() => lab.close());

  const rents = (): number => lab.sandbox.vastAi.control.calls().filter(({ call }) => call === 'rent').length;

  it('that is too slow for a reservation refuses it before the first rent', async () => {
    lab = await openGpuLab('sqlite', { PROVIDER_RATE_SCALE: '1', RESERVE_TIMEOUT: '10s' }, { rateScale: 1 });
    const caller = await signUp((await lab.start()).url);
    const refused = await caller.post(RESERVE, { count: 5, filters: VAST });
    expect(refused).toMatchObject({ status: 503, body: { code: 'provider_busy', provider: 'vast.ai' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(9);
    expect(rents()).toBe(0);
    expect(await rentalsOf(caller)).toEqual([]);
    expect((await creditsOf(caller)).credits_held).toBe(0);
  });

  it('leaves members in the queue, which a cancellation takes out again', async () => {
    lab = await openGpuLab('sqlite', { PROVIDER_RATE_SCALE: '0.05' }, { rateScale: 0.05 });
    const caller = await signUp((await lab.start()).url);
    const { body } = await caller.post<ReservationView>(
      RESERVE,
      { count: 16, filters: VAST },
      { prefer: 'respond-async' },
    );
    await eventually(async () => rentedAtFarms(lab.sandbox).length >= 2);
    await caller.delete(`/api/v1/gpu/reservations/${body.reservation_id}`);
    await untilNothingIsRented(lab.sandbox);
    expect((await rentalsOf(caller)).some(({ state }) => isLive(state))).toBe(false);
    expect(rents()).toBeLessThan(12);
    const credits = await creditsOf(caller);
    expect(credits.credits_held).toBe(0);
    expect(credits.credits_used).toBeLessThan(0.01);
  });
});
