import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProvidersService } from '../../src/providers/providers.service.js';
import { RentalRepository } from '../../src/gpu/rentals/rental.repository.js';
import type { RentalView } from '../../src/gpu/rentals/rental.view.js';
import type { ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { creditsOf, destroyAll, rentAt } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { rentalOf, rentalsOf, untilNothingIsRented, untilState } from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller, type Reply } from '../support/running-daemon.js';

const HOUR = 3_600_000;

describe('the end of a rental that time brings', () => {
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
  afterEach(async () => {
    lab.sandbox.ioNet.control.clearFaults();
    await destroyAll(caller);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  /** Everybody's time. */
  const skip = (ms: number): void => {
    lab.sandbox.clock.skip(ms);
    lab.clock.skip(ms);
  };

  const extend = (
    id: string,
    hours: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<RentalView & { code: string }>> =>
    caller.post(`/api/v1/gpu/rentals/${id}/extend`, { hours }, headers);

  const hoursUntil = (iso: string | null): number =>
    Math.round((Date.parse(iso ?? '') - lab.clock.now()) / HOUR);

  /** The last charge follows the change of state. */
  const untilCharged = (id: string, credits: number): Promise<unknown> =>
    eventually(async () => Math.abs((await rentalOf(caller, id)).cost - credits) < 0.000_005);

  const untilTermKnown = (id: string): Promise<RentalView> =>
    eventually(async () => {
      const rental = await rentalOf(caller, id);
      return rental.state === 'running' && rental.expires_at !== null && rental;
    });

  describe('a time limit', () => {
    it('ends a rental, counted from running, and nothing is charged beyond it', async () => {
      const { id } = await rentAt(caller, 'vast.ai', {}, { 'x-timelimit': '1h' });
      const running = await untilState(caller, id, 'running');
      expect(Date.parse(running.expires_at ?? '') - Date.parse(running.running_at ?? '')).toBe(HOUR);
      skip(HOUR + 600_000);
      const expired = await untilState(caller, id, 'expired');
      expect(expired.reason).toBe('time_limit');
      expect(expired.ended_at).toBe(running.expires_at);
      await untilNothingIsRented(lab.sandbox);
      await untilCharged(id, expired.price_per_hour);
      expect((await creditsOf(caller)).credits_held).toBe(0);
    });

    it('counts for all members of a reservation', async () => {
      const { body } = await caller.post<ReservationView>(
        '/api/v1/gpu/instances/reserve',
        { count: 3 },
        { 'x-timelimit': '600' },
      );
      await eventually(async () => (await rentalsOf(caller)).every(({ state }) => state === 'running'));
      skip(601_000);
      for (const { rental_id: id } of body.reserved) {
        expect((await untilState(caller, id, 'expired')).reason).toBe('time_limit');
      }
      await untilNothingIsRented(lab.sandbox);
    });

    it('buys as many hours of a prepaid farm, rounded up', async () => {
      const { id } = await rentAt(caller, 'io.net', {}, { 'x-timelimit': '90m' });
      await untilTermKnown(id);
      const deploys = lab.sandbox.ioNet.control.calls().filter(({ call }) => call === 'deploy');
      expect(deploys.at(-1)?.body).toMatchObject({ duration_hours: 2 });
    });

    it.each(['soon', '-5', '0', '1y', '10000h', '9999999999d', ''])('is not %j', async (limit) => {
      const headers = { 'x-timelimit': limit };
      const single = await caller.post('/api/v1/gpu/instances/vast.ai/1', {}, headers);
      const several = await caller.post('/api/v1/gpu/instances/reserve', { count: 1 }, headers);
      const batch = await caller.post('/api/v1/gpu/instances/batch', { vastai_count: 1 }, headers);
      const code = 'invalid_time_limit';
      expect([single, several, batch]).toMatchObject([
        { status: 400, body: { code } },
        { status: 400, body: { code } },
        { status: 400, body: { code } },
      ]);
    });
  });

  describe('a wanted duration', () => {
    it('ends a rental of a farm that bills by the second', async () => {
      const { id, price } = await rentAt(caller, 'vast.ai', { duration_hours: 2 });
      await untilState(caller, id, 'running');
      skip(2 * HOUR + 1000);
      expect((await untilState(caller, id, 'expired')).reason).toBe('contract_end');
      await untilCharged(id, 2 * price);
      await untilNothingIsRented(lab.sandbox);
    });

    it('is not extended by itself', async () => {
      const { id, price } = await rentAt(caller, 'io.net', { duration_hours: 1 });
      await untilTermKnown(id);
      skip(HOUR - 300_000);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(lab.sandbox.ioNet.control.calls().some(({ call }) => call === 'extend')).toBe(false);
      skip(310_000);
      expect((await untilState(caller, id, 'expired')).reason).toBe('contract_end');
      await untilCharged(id, price);
    });

    it('is longer after an extension', async () => {
      const { id } = await rentAt(caller, 'io.net', { duration_hours: 1 });
      await untilTermKnown(id);
      expect((await extend(id, 2)).status).toBe(200);
      expect(hoursUntil((await rentalOf(caller, id)).expires_at)).toBe(3);
      skip(2 * HOUR);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await rentalOf(caller, id)).state).toBe('running');
      skip(HOUR + 10_000);
      expect((await untilState(caller, id, 'expired')).reason).toBe('contract_end');
    });
  });

  describe('an extension', () => {
    it('adds hours at the farm, and says so', async () => {
      const { id } = await rentAt(caller, 'io.net');
      await untilTermKnown(id);
      const { status, body } = await extend(id, 3);
      expect(status).toBe(200);
      expect(hoursUntil(body.expires_at)).toBe(4);
      const shown = await eventually(async () => (await rentalOf(caller, id)).expires_at);
      expect(hoursUntil(shown)).toBe(4);
    });

    describe('whose process died', () => {
      const never = (): Promise<never> => new Promise(() => undefined);
      const farmCalls = (): number =>
        lab.sandbox.ioNet.control.calls().filter(({ call }) => call === 'extend').length;

      it.each([
        [
          'before the farm heard of it is bought when it is repeated',
          () => vi.spyOn(daemon.app.get(ProvidersService).byName('io.net'), 'extendContract'),
        ],
        [
          'after the farm had sold it is not bought again',
          () => vi.spyOn(daemon.app.get(RentalRepository), 'prolong'),
        ],
      ])('%s', async (_, whereItDies) => {
        const { id } = await rentAt(caller, 'io.net', { duration_hours: 1 });
        await untilTermKnown(id);
        const [before, key] = [farmCalls(), { 'idempotency-key': id }];
        const place = whereItDies();
        place.mockImplementationOnce(never);
        extend(id, 2, key).catch(() => 'cut');
        await eventually(async () => place.mock.calls.length === 1);
        lab.clock.skip(121_000);
        const { status, body } = await extend(id, 2, key);
        expect([status, farmCalls() - before]).toEqual([200, 1]);
        expect(hoursUntil(body.expires_at)).toBe(3);
        place.mockRestore();
      });
    });

    it('is bought once per Idempotency-Key', async () => {
      const { id } = await rentAt(caller, 'io.net');
      await untilTermKnown(id);
      const first = await extend(id, 1, { 'idempotency-key': 'more' });
      const again = await extend(id, 1, { 'idempotency-key': 'more' });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.body).toEqual(first.body);
      expect((await extend(id, 2, { 'idempotency-key': 'more' })).status).toBe(422);
      expect(hoursUntil((await rentalOf(caller, id)).expires_at)).toBe(2);
    });

    it('is bought once though its answer is lost', async () => {
      const { id } = await rentAt(caller, 'io.net');
      await untilTermKnown(id);
      lab.sandbox.ioNet.control.inject('extend', 'cut_after');
      const { status, body } = await extend(id, 2);
      expect(status).toBe(200);
      expect(hoursUntil(body.expires_at)).toBe(3);
    });

    it('that did not reach the farm is an error', async () => {
      const { id } = await rentAt(caller, 'io.net');
      await untilTermKnown(id);
      lab.sandbox.ioNet.control.inject('extend', 'cut_before');
      expect((await extend(id, 2)).status).toBe(502);
      expect(hoursUntil((await rentalOf(caller, id)).expires_at)).toBe(1);
    });

    it('is refused where it makes no sense', async () => {
      const ioNet = await rentAt(caller, 'io.net');
      await untilTermKnown(ioNet.id);
      expect(await extend(ioNet.id, 8000)).toMatchObject({
        status: 402,
        body: { code: 'insufficient_credits' },
      });
      for (const hours of [0, -1, 1.5, 8761, 'x', null]) {
        expect((await extend(ioNet.id, hours)).status).toBe(422);
      }
      lab.sandbox.ioNet.control.inject('extend', 'no_credits');
      expect(await extend(ioNet.id, 1)).toMatchObject({
        status: 503,
        body: { code: 'provider_out_of_credit' },
      });
      const vast = await rentAt(caller, 'vast.ai');
      expect(await extend(vast.id, 1)).toMatchObject({ status: 409, body: { code: 'not_extendable' } });
      await caller.delete(`/api/v1/gpu/instances/io.net/${ioNet.id}`);
      expect(await extend(ioNet.id, 1)).toMatchObject({ status: 409, body: { code: 'rental_ended' } });
    });

    it('happens by itself before the term ends, hour by hour', async () => {
      const { id } = await rentAt(caller, 'io.net');
      await untilTermKnown(id);
      for (const hours of [2, 3]) {
        skip(HOUR - 300_000);
        await eventually(
          async () => Date.parse((await rentalOf(caller, id)).expires_at ?? '') - lab.clock.now() > HOUR,
        );
        expect(await rentalOf(caller, id)).toMatchObject({ state: 'running' });
        const extensions = lab.sandbox.ioNet.control.calls().filter(({ path }) => path.endsWith('/extend'));
        expect(extensions.length).toBeGreaterThanOrEqual(hours - 1);
        skip(300_000);
      }
    });

    it('by itself is bought once though its answer is lost', async () => {
      const { id } = await rentAt(caller, 'io.net');
      await untilTermKnown(id);
      lab.sandbox.ioNet.control.inject('extend', 'html_504_after');
      skip(HOUR - 300_000);
      await eventually(async () => hoursUntil((await rentalOf(caller, id)).expires_at) === 1);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(hoursUntil((await rentalOf(caller, id)).expires_at)).toBe(1);
    });
  });
});
