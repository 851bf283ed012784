import { beforeEach, expect, it } from 'vitest';
import { ManualClock } from '../../src/common/clock.js';
import { EventBus } from '../../src/common/event-bus.js';
import { newId } from '../../src/common/id.js';
import { Pool, PoolMember, RoutingChange } from '../../src/gpu/pools/pool.entity.js';
import { PoolRepository } from '../../src/gpu/pools/pool.repository.js';
import { newPool } from '../../src/gpu/pools/pool-settings.js';
import { ContractRecorder } from '../../src/gpu/rentals/contract-recorder.js';
import { Rental } from '../../src/gpu/rentals/rental.entity.js';
import { RentalNews } from '../../src/gpu/rentals/rental-news.js';
import { RentalTrail } from '../../src/gpu/rentals/rental-trail.js';
import { RentalRepository } from '../../src/gpu/rentals/rental.repository.js';
import { RentalTransitions } from '../../src/gpu/rentals/rental-transitions.service.js';
import { Reservation } from '../../src/gpu/reservations/reservation.entity.js';
import { ReservationRepository } from '../../src/gpu/reservations/reservation.repository.js';
import { User } from '../../src/users/user.entity.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { NOON, rentalOf } from '../support/rentals.js';
import { quietLogs } from '../support/running-daemon.js';
import { AUDIT_ENTITIES, AuditDesk } from './audit-fixture.js';

const PARTS = { entities: [...AUDIT_ENTITIES, User, Rental, Reservation, Pool, PoolMember, RoutingChange] };

onEachDatabase('rows of rentals and their routing', PARTS, (open) => {
  let database: TestDatabase;
  let rentals: RentalRepository;
  let transitions: RentalTransitions;
  let recorder: ContractRecorder;
  let userId: string;
  let settled: string[];

  beforeEach(async () => {
    quietLogs();
    database = await open();
    const clock = new ManualClock(NOON);
    rentals = new RentalRepository(database.unitOfWork);
    settled = [];
    const metering = { start: async () => undefined, finish: async ({ id }: Rental) => settled.push(id) };
    const directory = { ownerChanged: async () => undefined, fence: () => undefined, admit: () => undefined };
    const audit = new AuditDesk(database.unitOfWork, clock);
    transitions = new RentalTransitions(
      rentals,
      new RentalTrail(database.unitOfWork, rentals, audit.log),
      metering as never,
      new RentalNews(directory as never, new EventBus(), clock),
      clock,
    );
    recorder = new ContractRecorder(database.unitOfWork, rentals, transitions, clock);
    userId = newId();
    await insertUser();
  });

  async function insertUser(): Promise<void> {
    const metadata = database.dataSource.getMetadata(User);
    const values: Record<string, unknown> = {};
    for (const { propertyName, isNullable, type } of metadata.columns) {
      if (!isNullable) values[propertyName] = type === 'boolean' ? true : type === 'bigint' ? NOON : newId();
    }
    await database.unitOfWork.manager.insert(User, { ...values, id: userId });
  }

  async function insert(difference: Partial<Rental> = {}): Promise<Rental> {
    const id = newId();
    const unnamed = { contractId: null, instanceId: null, contractAt: null };
    const row = rentalOf({ id, userId, label: `gpx-${id}`, ...unnamed, ...difference });
    await rentals.insert(row);
    return (await rentals.findById(id)) as Rental;
  }

  const read = async ({ id }: Rental): Promise<Rental> => (await rentals.findById(id)) as Rental;

  it('ends what its owner stopped while somebody held an older copy', async () => {
    const rental = await insert({ state: 'running', runningAt: NOON });
    const stale = await read(rental);
    await transitions.stop(rental, 'destroyed_by_owner');
    const lost = { state: 'lost', reason: 'outbid', at: NOON } as const;
    expect(await transitions.apply(stale, lost)).toBe(false);
    await transitions.contractGone(stale);
    expect(await read(rental)).toMatchObject({
      state: 'destroyed',
      reason: 'destroyed_by_owner',
      contractGoneAt: NOON,
    });
    expect(settled).toEqual([rental.id]);
  });

  it('ends a rent that failed after its owner had stopped it', async () => {
    const rental = await insert({ state: 'requested' });
    const stale = await read(rental);
    await transitions.stop(rental, 'destroyed_by_owner');
    expect(await transitions.fail(stale, 'offer_gone', false)).toBe(false);
    expect(await read(rental)).toMatchObject({ state: 'destroyed', contractGoneAt: NOON });
  });

  it('leaves one of several who end a rental the winner', async () => {
    const rental = await insert({ state: 'running', runningAt: NOON });
    const copies = await Promise.all([1, 2, 3, 4].map(() => read(rental)));
    const outcomes = await Promise.all([
      transitions.stop(copies[0], 'destroyed_by_owner'),
      transitions.apply(copies[1], { state: 'lost', reason: 'outbid', at: NOON }),
      transitions.apply(copies[2], { state: 'expired', reason: 'time_limit', at: NOON }),
      transitions.stop(copies[3], 'reservation_failed'),
    ]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(settled).toEqual([rental.id]);
  });

  it('keeps the beginning of a reason that is too long', async () => {
    const rental = await insert({ state: 'provisioning' });
    const reason = 'no space left on device while extracting '.repeat(10);
    await transitions.apply(rental, { state: 'failed', reason, at: NOON });
    expect((await read(rental)).reason).toBe(reason.slice(0, 64));
  });

  it('gives a contract id that comes again to its newest rental', async () => {
    const first = await insert({ provider: 'static', state: 'requested' });
    await recorder.contractMade(first, { contractId: 'rack-1' });
    await transitions.stop(first, 'destroyed_by_owner');
    const second = await insert({ provider: 'static', state: 'requested' });
    const made = await recorder.contractMade(second, { contractId: 'rack-1' });
    expect(made).toMatchObject({ state: 'provisioning', instanceId: 'static-rack-1' });
    expect(await read(first)).toMatchObject({
      state: 'destroyed',
      contractId: 'rack-1',
      instanceId: null,
      contractGoneAt: NOON,
    });
  });

  it('records the contract of a rental that was stopped meanwhile, and says so', async () => {
    const rental = await insert({ state: 'requested' });
    const stale = await read(rental);
    await transitions.stop(rental, 'destroyed_by_owner');
    const made = await recorder.contractMade(stale, { contractId: '777' });
    expect(made).toMatchObject({ state: 'stopping', contractId: '777', instanceId: 'vast-777' });
  });

  it('prolongs the ends that the owner has named and no others', async () => {
    const limited = await insert({ timeLimitMs: 1000 });
    const wanted = await insert({ durationHours: 2 });
    await rentals.prolong(limited.id, 3);
    await rentals.prolong(wanted.id, 3);
    expect(await read(limited)).toMatchObject({ timeLimitMs: 10_801_000, durationHours: null });
    expect(await read(wanted)).toMatchObject({ timeLimitMs: null, durationHours: 5 });
  });

  it('stamps every touch of an owner later than the one before, whatever the clocks say', async () => {
    const pools = new PoolRepository(database.unitOfWork);
    const stamps: number[] = [];
    for (const now of [NOON, NOON, NOON - 60_000, NOON + 5]) {
      await pools.touchOwner(userId, now);
      stamps.push(await pools.stampOf(userId));
    }
    expect(stamps).toEqual([NOON, NOON + 1, NOON + 2, NOON + 5]);
    await Promise.all([1, 2, 3, 4, 5].map(() => pools.touchOwner(userId, NOON)));
    expect(await pools.stampOf(userId)).toBe(NOON + 10);
  });

  it('lets several touch an owner for the first time', async () => {
    const pools = new PoolRepository(database.unitOfWork);
    await Promise.all([1, 2, 3, 4, 5].map(() => pools.touchOwner(userId, NOON)));
    expect(await pools.stampOf(userId)).toBe(NOON + 4);
  });

  it('puts rentals into a pool as often as anybody likes', async () => {
    const pools = new PoolRepository(database.unitOfWork);
    const pool = newPool(newId(), userId, 'p', NOON);
    await pools.insert(pool);
    const [one, two] = [await insert(), await insert()];
    await pools.addMembers(pool.id, [one.id, one.id]);
    await pools.addMembers(pool.id, [one.id, two.id]);
    expect((await pools.members([pool.id])).map(({ rentalId }) => rentalId).toSorted()).toEqual(
      [one.id, two.id].toSorted(),
    );
  });

  it('lets one of several take a replacement, and none while it is being rented', async () => {
    const reservations = new ReservationRepository(database.unitOfWork);
    const id = newId();
    await reservations.insert(reservationOf(id));
    const takers = await Promise.all([1, 2, 3].map(() => reservations.takeReplacement(id, NOON + 1)));
    expect(takers.filter(Boolean)).toHaveLength(1);
    expect(await reservations.findPending(id)).toMatchObject({ rentedAt: null, replacementsLeft: 1 });
    await reservations.updatePending(id, { rentedAt: NOON });
    expect(await reservations.takeReplacement(id, NOON + 1)).toBe(true);
    await reservations.updatePending(id, { rentedAt: NOON });
    expect(await reservations.takeReplacement(id, NOON + 1)).toBe(false);
  });

  it('finds failed reservations that hold a live member', async () => {
    const reservations = new ReservationRepository(database.unitOfWork);
    const [held, given, pending] = [newId(), newId(), newId()];
    await reservations.insert({ ...reservationOf(held), state: 'failed' });
    await reservations.insert({ ...reservationOf(given), state: 'failed' });
    await reservations.insert(reservationOf(pending));
    await insert({ reservationId: held, state: 'running' });
    await insert({ reservationId: held, state: 'provisioning' });
    await insert({ reservationId: given, state: 'stopping' });
    await insert({ reservationId: pending, state: 'running' });
    expect((await reservations.failedWithMembers()).map(({ id }) => id)).toEqual([held]);
  });

  function reservationOf(id: string): Reservation {
    return {
      id,
      userId,
      pool: 'p',
      mode: 'atomic',
      requested: 2,
      state: 'pending',
      reason: null,
      filters: {},
      providers: null,
      maxTotalPriceMicro: null,
      timeLimitMs: null,
      configSealed: '',
      errors: [],
      replacementsLeft: 2,
      createdAt: NOON,
      rentedAt: NOON,
      deadlineAt: NOON,
    };
  }
});
