import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RentalMeterService } from '../../src/credits/metering/rental-meter.service.js';
import type { CreatedRentalView } from '../../src/gpu/rentals/rental.view.js';
import { Reservation } from '../../src/gpu/reservations/reservation.entity.js';
import type { BatchView, ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { askFor, creditsOf, destroyAll, offersOf } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import {
  rentalOf,
  rentalsOf,
  rentedAtFarms,
  untilNothingIsRented,
  untilState,
} from '../support/rental-views.js';
import { eventually, signUp, type ApiCaller, type Reply } from '../support/running-daemon.js';

const RESERVE = '/api/v1/gpu/instances/reserve';
const BATCH = '/api/v1/gpu/instances/batch';
const VAST = { provider: 'vast.ai' };

describe.each(['sqlite', 'postgres'] as const)('things that happen at the same time, on %s', (kind) => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;
  let other: ApiCaller;

  beforeAll(async () => {
    lab = await openGpuLab(kind, { GPU_API_TIMEOUT: '10s' });
    daemon = await lab.start();
  });
  beforeEach(async () => {
    caller = await signUp(daemon.url);
    other = await signUp(daemon.url);
  });
  afterEach(async () => {
    lab.sandbox.vastAi.control.clearFaults();
    lab.sandbox.ioNet.control.clearFaults();
    await destroyAll(caller);
    await destroyAll(other);
    await untilNothingIsRented(lab.sandbox);
  });
  afterAll(() => lab.close());

  const rents = (): number => lab.sandbox.vastAi.control.calls().filter(({ call }) => call === 'rent').length;
  const slowRents = (times: number, delayMs = 800): void =>
    lab.sandbox.vastAi.control.inject('rent', 'slow', { times, delayMs });
  const firstRental = (): Promise<string> => eventually(async () => (await rentalsOf(caller))[0]?.id);
  /** The farm has been asked, and takes its time. */
  const askSlowly = async () => {
    slowRents(1, 2000);
    const asked = askFor(caller, 'vast.ai');
    await eventually(async () => lab.sandbox.vastAi.control.faultsLeft() === 0);
    return { asked, id: await firstRental() };
  };
  const reservationOf = (id: string): Promise<ReservationView> =>
    caller.get<ReservationView>(`/api/v1/gpu/reservations/${id}`).then(({ body }) => body);

  it('a DELETE while the farm is asked: the contract goes, and nothing is charged', async () => {
    const { asked, id } = await askSlowly();
    const deleted = await caller.delete<{ state: string }>(`/api/v1/gpu/instances/vast.ai/${id}`);
    expect(deleted).toMatchObject({ status: 200, body: { state: 'stopping' } });
    const created: Reply<CreatedRentalView> = await asked;
    expect(created).toMatchObject({ status: 201, body: { rental_id: id, state: 'stopping' } });
    await untilState(caller, id, 'destroyed');
    await untilNothingIsRented(lab.sandbox);
    expect(await creditsOf(caller)).toMatchObject({ credits_held: 0, credits_used: 0 });
  });

  describe('a DELETE before the money is held', () => {
    /** The owner is faster than the transaction that sets the credits aside. */
    const endBeforeHold = (whenHeld: () => void = () => undefined): void => {
      const meter = daemon.app.get(RentalMeterService);
      const authorize = meter.authorize.bind(meter);
      vi.spyOn(meter, 'authorize').mockImplementationOnce(async (terms) => {
        await caller.delete(`/api/v1/gpu/instances/vast.ai/${terms.rentalId}`);
        await authorize(terms);
        whenHeld();
      });
    };
    const untilNothingIsHeld = (): Promise<unknown> =>
      eventually(async () => (await creditsOf(caller)).credits_held === 0);

    it('frees it, and no farm is asked', async () => {
      endBeforeHold();
      const before = rents();
      const { status, body } = await askFor(caller, 'vast.ai');
      expect([status, body]).toMatchObject([409, { code: 'rental_ended' }]);
      expect([rents() - before, (await creditsOf(caller)).credits_held]).toEqual([0, 0]);
      expect(await rentalsOf(caller)).toMatchObject([{ state: 'destroyed', cost: 0 }]);
    });

    it('frees it also when the process dies before it can', async () => {
      const meter = daemon.app.get(RentalMeterService);
      endBeforeHold(() => void vi.spyOn(meter, 'finish').mockRejectedValue(new Error('died')));
      expect((await askFor(caller, 'vast.ai')).status).toBe(500);
      expect((await creditsOf(caller)).credits_held).toBeGreaterThan(0);
      vi.restoreAllMocks();
      await untilNothingIsHeld();
    });
  });

  it('a DELETE while the farm is asked and refuses: the rental does not stay `stopping`', async () => {
    const { asked, id } = await askSlowly();
    lab.sandbox.vastAi.control.withdrawOffer(Number(await offerIdOf(id)));
    await caller.delete(`/api/v1/gpu/instances/vast.ai/${id}`);
    expect((await asked).status).toBe(410);
    await untilState(caller, id, 'destroyed');
    lab.sandbox.vastAi.control.putOfferBack(Number(await offerIdOf(id)));
  });

  const offerIdOf = async (id: string): Promise<string> => {
    const [row] = await daemon.manager.query<{ offer_id: string }[]>(
      `SELECT offer_id FROM rentals WHERE id = '${id}'`,
    );
    return row.offer_id;
  };

  it('a DELETE of a reservation that is being rented: everything is given back', async () => {
    slowRents(16, 3000);
    const asked = caller.post<ReservationView & { code: string }>(RESERVE, { count: 16, filters: VAST });
    await eventually(async () => (await rentalsOf(caller)).length === 16);
    const [{ reservation_id: id }] = await rentalsOf(caller);
    const deleted = await caller.delete<ReservationView>(`/api/v1/gpu/reservations/${id}`);
    expect(deleted).toMatchObject({ status: 200, body: { state: 'failed', reason: 'canceled' } });
    expect(await asked).toMatchObject({ status: 409, body: { code: 'reservation_canceled' } });
    await untilNothingIsRented(lab.sandbox);
    await eventually(async () => (await rentalsOf(caller)).every(({ state }) => state === 'destroyed'));
    expect(await creditsOf(caller)).toMatchObject({ credits_held: 0, credits_used: 0 });
    expect(await reservationOf(id ?? '')).toMatchObject({ state: 'failed', reason: 'canceled' });
  });

  it('two who reserve at the same time never get the same machine, and ask for none in vain', async () => {
    const order = { count: 8, filters: VAST };
    const asked = rents();
    const [mine, theirs] = await Promise.all([
      caller.post<ReservationView>(RESERVE, order),
      other.post<ReservationView>(RESERVE, order),
    ]);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    const rented = rentedAtFarms(lab.sandbox);
    expect(rented).toHaveLength(16);
    expect(rents() - asked).toBe(16);
    expect(new Set(rented.map(({ machineId }) => machineId)).size).toBe(16);
    const holders = new Map(rented.map(({ id }) => [id, 0]));
    for (const { contract_id: id } of [...mine.body.reserved, ...theirs.body.reserved]) {
      holders.set(id ?? '', (holders.get(id ?? '') ?? 0) + 1);
    }
    expect(new Set(holders.values())).toEqual(new Set([1]));
  });

  describe('the same Idempotency-Key', () => {
    const key = { 'idempotency-key': 'only-once' };

    /** Asks twice at the same time and once more; tells how many the farm and the owner hold then. */
    const askThrice = async <T>(ask: (headers: object) => Promise<Reply<T>>): Promise<number> => {
      const first = ask(key);
      const parallel = await ask(key);
      const { status, body } = await first;
      const answers = [status, parallel.status].toSorted();
      expect(answers).toEqual([201, 409]);
      const serial = await ask(key);
      expect(serial).toMatchObject({ status: 201, body: status === 201 ? body : parallel.body });
      expect(serial.headers.get('idempotent-replayed')).toBe('true');
      expect(await rentalsOf(caller)).toHaveLength(rentedAtFarms(lab.sandbox).length);
      return rentedAtFarms(lab.sandbox).length;
    };

    it('creates one rental', async () => {
      slowRents(1, 200);
      const [offer] = await offersOf(caller, 'provider=vast.ai');
      const path = `/api/v1/gpu/instances/vast.ai/${offer.id}`;
      expect(await askThrice((headers) => caller.post(path, {}, { ...headers }))).toBe(1);
      const different = await caller.post(path, { disk_gb: 20 }, key);
      expect(different).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
    });

    it('makes one reservation', async () => {
      slowRents(1, 200);
      const order = { count: 2, filters: VAST };
      expect(await askThrice((headers) => caller.post(RESERVE, order, { ...headers }))).toBe(2);
      const different = await caller.post(RESERVE, { count: 3, filters: VAST }, key);
      expect(different).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
    });

    it('makes one batch', async () => {
      slowRents(1, 200);
      const order = { vastai_count: 2 };
      expect(await askThrice((headers) => caller.post(BATCH, order, { ...headers }))).toBe(2);
    });

    it('of two people is two keys', async () => {
      const order = { count: 1, filters: VAST };
      const answers = [await caller.post(RESERVE, order, key), await other.post(RESERVE, order, key)];
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      expect(rentedAtFarms(lab.sandbox)).toHaveLength(2);
    });
  });

  it('members that a dying process did not give back are given back', async () => {
    const { body } = await caller.post<ReservationView>(RESERVE, { count: 2, filters: VAST });
    const id = body.reservation_id;
    await daemon.manager.update(Reservation, { id }, { state: 'failed', reason: 'not_enough_offers' });
    for (const { rental_id: rental } of body.reserved) {
      expect((await untilState(caller, rental, 'destroyed')).reason).toBe('reservation_failed');
    }
  });

  it('a reservation whose process died is given back after its deadline', async () => {
    const { body } = await caller.post<ReservationView>(RESERVE, { count: 2, filters: VAST });
    const id = body.reservation_id;
    const deadlineAt = lab.clock.now() - 121_000;
    await daemon.manager.update(Reservation, { id }, { state: 'pending', rentedAt: null, deadlineAt });
    const failed = await eventually(async () => {
      const seen = await reservationOf(id);
      return seen.state === 'failed' && seen;
    });
    expect(failed.reason).toBe('interrupted');
    await untilNothingIsRented(lab.sandbox);
  });

  it('are many, and each has its own way', async () => {
    const before = rents();
    const asked = await Promise.all(
      [caller, other, caller, other].map((who) =>
        who.post<BatchView>(BATCH, { vastai_count: 2, ionet_count: 1 }),
      ),
    );
    expect(asked.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(rentedAtFarms(lab.sandbox)).toHaveLength(12);
    expect(rents() - before).toBeGreaterThanOrEqual(8);
    const held = async (who: ApiCaller): Promise<string[]> =>
      (await rentalsOf(who)).filter(({ state }) => state !== 'failed').map(({ id }) => id);
    const [mine, theirs] = [await held(caller), await held(other)];
    expect([mine.length, theirs.length]).toEqual([6, 6]);
    expect(await rentalOf(other, mine[0])).toMatchObject({ code: 'rental_not_found' });
  });
});
