import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreditsView } from '../../src/credits/credits.view.js';
import type { ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { rentedAtFarms, rentalsOf, untilNothingIsRented, untilServing } from '../support/rental-views.js';
import {
  eventually,
  runDaemon,
  signUp,
  type ApiCaller,
  type Reply,
  type RunningDaemon,
} from '../support/running-daemon.js';

const BOOT_TIMEOUT = { GPU_BOOT_TIMEOUT: '4s' };

describe.each(['sqlite', 'postgres'] as const)('sixteen GPUs at once on %s', (kind) => {
  let running: RunningDaemon;
  let caller: ApiCaller;

  beforeEach(async () => {
    running = await runDaemon(kind, BOOT_TIMEOUT);
    caller = await signUp(running.url);
  });
  afterEach(() => running.stop());

  const reserve = (extra: object = {}): Promise<Reply<ReservationView>> =>
    caller.post<ReservationView>('/api/v1/gpu/instances/reserve', {
      count: 16,
      filters: { min_vram: 16 },
      pool: 'fleet',
      ...extra,
    });

  it('survive 429s, a vanished offer, a stuck boot and a cut answer: sixteen machines, no more, no less', async () => {
    const { vastAi, ioNet } = running.sandbox;
    vastAi.control.inject('rent', 'rate_limited', { times: 2 });
    vastAi.control.inject('rent', 'offer_vanished');
    vastAi.control.inject('rent', 'cut_after');
    vastAi.control.inject('boot', 'stuck_loading');
    ioNet.control.inject('deploy', 'html_504_after');
    const { status, body } = await reserve();
    expect(status).toBe(201);
    expect(body.count).toBe(16);
    const serving = await untilServing(caller, 16);
    const done = await eventually(async () => {
      const view = await caller.get<ReservationView>(`/api/v1/gpu/reservations/${body.reservation_id}`);
      return view.body.state === 'completed' && view.body;
    });
    expect(done.errors.length + done.count).toBeGreaterThan(16);
    const rented = await eventually(async () => {
      const active = rentedAtFarms(running.sandbox);
      return active.length === 16 && active;
    });
    expect(new Set(rented.map(({ machineId }) => machineId)).size).toBe(16);
    const held = new Set(serving.map(({ contract_id: id }) => id));
    expect(rented.every(({ id }) => held.has(id))).toBe(true);
  });

  it('are none at all when one of them cannot be had', async () => {
    running.sandbox.vastAi.control.inject('rent', 'insufficient_credit', { times: 500 });
    running.sandbox.ioNet.control.inject('deploy', 'no_replicas', { times: 500 });
    const { status, body } = await reserve();
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'reservation_failed' });
    await untilNothingIsRented(running.sandbox);
    const { body: credits } = await caller.get<CreditsView>('/api/v1/credits');
    expect(credits).toMatchObject({ credits_held: 0, credits_used: 0 });
  });

  it('are none at all when members keep failing to boot', async () => {
    running.sandbox.vastAi.control.inject('boot', 'stuck_loading', { times: 50 });
    running.sandbox.ioNet.control.inject('boot', 'container_failed', { times: 50 });
    const { body } = await reserve({ count: 4 });
    const failed = await eventually(async () => {
      const view = await caller.get<ReservationView>(`/api/v1/gpu/reservations/${body.reservation_id}`);
      return view.body.state === 'failed' && view.body;
    }, 40_000);
    expect(failed.reason).toBe('member_not_running');
    await untilNothingIsRented(running.sandbox);
    expect((await rentalsOf(caller)).filter(({ state }) => state === 'running')).toEqual([]);
    const { body: credits } = await caller.get<CreditsView>('/api/v1/credits');
    expect(credits).toMatchObject({ credits_held: 0, credits_used: 0 });
  });
});
