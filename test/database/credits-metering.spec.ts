import * as fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { AccountSettings } from '../../src/credits/ledger/account-settings.js';
import { CreditTransfer } from '../../src/credits/ledger/transfer.entity.js';
import { RentalMeterRepository } from '../../src/credits/metering/rental-meter.repository.js';
import { costOfSeconds } from '../../src/credits/pricing.js';
import { CreditSession } from '../../src/credits/usage/credit-session.entity.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, grant, type Credits } from './credits-fixture.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** One credit a minute. */
const PRICE = 60 * CREDIT;

onEachDatabase('rental meter', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let credits: Credits;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    credits = await createCredits(database);
  });

  const authorize = async (userId: string, price = PRICE, minimumHours = 0): Promise<string> => {
    const rentalId = newId();
    await credits.meter.authorize({ rentalId, userId, pricePerHourMicro: price, minimumHours });
    return rentalId;
  };
  const runningRental = async (userId: string, price = PRICE, minimumHours = 0): Promise<string> => {
    const rentalId = await authorize(userId, price, minimumHours);
    await credits.meter.start(rentalId, credits.clock.now());
    return rentalId;
  };
  const tickAfter = (ms: number, rentalId: string): Promise<'paid' | 'exhausted'> => {
    credits.clock.advance(ms);
    return credits.meter.tick(rentalId, credits.clock.now());
  };
  const costOf = async (rentalId: string): Promise<number | undefined> =>
    (await credits.meter.costOf([rentalId])).get(rentalId);
  const balance = async (userId: string) => {
    const { remainingMicro, heldMicro, usedMicro } = await credits.ledger.balanceOf(userId);
    return { remaining: remainingMicro / CREDIT, held: heldMicro / CREDIT, used: usedMicro / CREDIT };
  };

  describe('authorize', () => {
    it('holds the runway', async () => {
      const userId = await credits.userWith(5);
      await authorize(userId);
      expect(await balance(userId)).toEqual({ remaining: 0, held: 5, used: 0 });
    });

    it('holds the minimum hours when they cost more', async () => {
      const userId = await credits.userWith(100);
      await authorize(userId, PRICE, 1);
      expect(await balance(userId)).toEqual({ remaining: 40, held: 60, used: 0 });
    });

    it('is refused below that', async () => {
      const userId = await credits.userWith(4.999999);
      await expect(authorize(userId)).rejects.toMatchObject({
        code: 'insufficient_credits',
        data: { needed: 5, available: 4.999999 },
      });
    });

    it('holds once however often it is asked', async () => {
      const userId = await credits.userWith(20);
      const terms = { rentalId: newId(), userId, pricePerHourMicro: PRICE, minimumHours: 0 };
      await Promise.all([1, 2, 3].map(() => credits.meter.authorize(terms)));
      expect((await balance(userId)).held).toBe(5);
    });

    it('lets something free run on an empty account', async () => {
      const userId = await credits.userWith(0);
      const rentalId = await runningRental(userId, 0);
      expect(await tickAfter(HOUR, rentalId)).toBe('paid');
      expect(await credits.meter.finish(rentalId, credits.clock.now())).toEqual({ chargedMicro: 0 });
    });
  });

  describe('tick', () => {
    it('charges what has passed and fills the runway up', async () => {
      const userId = await credits.userWith(10);
      const rentalId = await runningRental(userId);
      expect(await tickAfter(MINUTE, rentalId)).toBe('paid');
      expect(await balance(userId)).toEqual({ remaining: 4, held: 5, used: 1 });
      expect(await costOf(rentalId)).toBe(CREDIT);
    });

    it('charges the same sum however the time is cut', async () => {
      const cuts = fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 8 });
      const price = fc.integer({ min: 1, max: 3 * CREDIT });
      const property = fc.asyncProperty(cuts, price, async (steps, price) => {
        const userId = await credits.userWith(1000);
        const rentalId = await runningRental(userId, price);
        const startedAt = credits.clock.now();
        for (const step of steps) await tickAfter(step, rentalId);
        const endedAt = credits.clock.now();
        const { chargedMicro } = await credits.meter.finish(rentalId, endedAt);
        const seconds = Math.ceil((endedAt - startedAt) / 1000);
        expect(chargedMicro).toBe(costOfSeconds(seconds, price));
        expect((await credits.ledger.balanceOf(userId)).usedMicro).toBe(chargedMicro);
      });
      await fc.assert(property, { numRuns: 15 });
    });

    it('charges once when two processes do it at the same time', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId);
      const other = await createCredits(database);
      credits.clock.advance(MINUTE);
      const now = credits.clock.now();
      const attempts = [credits, other, credits, other].map(({ meter }) => meter.tick(rentalId, now));
      expect(await Promise.all(attempts)).toEqual(['paid', 'paid', 'paid', 'paid']);
      expect(await balance(userId)).toEqual({ remaining: 94, held: 5, used: 1 });
      const account = `user:${userId}`;
      expect(await database.unitOfWork.manager.countBy(CreditTransfer, { account, code: 'gpu_usage' })).toBe(
        1,
      );
    });

    it('charges each second once when two processes tick at different times', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId);
      const other = await createCredits(database);
      const start = credits.clock.now();
      await Promise.all(
        [1, 2, 3, 4].map((n) => (n % 2 ? credits : other).meter.tick(rentalId, start + n * 30_000)),
      );
      await credits.meter.tick(rentalId, start + 2 * MINUTE);
      expect((await balance(userId)).used).toBe(2);
    });

    it('catches up after an outage with one charge, as far as the money goes', async () => {
      const userId = await credits.userWith(30);
      const rentalId = await runningRental(userId);
      expect(await tickAfter(20 * MINUTE, rentalId)).toBe('paid');
      expect(await balance(userId)).toEqual({ remaining: 5, held: 5, used: 20 });
      expect(await tickAfter(HOUR, rentalId)).toBe('exhausted');
      expect(await balance(userId)).toEqual({ remaining: 0, held: 0, used: 30 });
    });

    it('ignores a clock that stands still or runs backwards', async () => {
      const userId = await credits.userWith(10);
      const rentalId = await runningRental(userId);
      await tickAfter(MINUTE, rentalId);
      expect(await tickAfter(0, rentalId)).toBe('paid');
      expect(await credits.meter.tick(rentalId, credits.clock.now() - 30_000)).toBe('paid');
      expect((await balance(userId)).used).toBe(1);
    });

    it('does nothing before the start and after the end', async () => {
      const userId = await credits.userWith(10);
      const rentalId = await authorize(userId);
      expect(await tickAfter(MINUTE, rentalId)).toBe('paid');
      await credits.meter.finish(rentalId, credits.clock.now());
      expect(await tickAfter(MINUTE, rentalId)).toBe('paid');
      expect(await balance(userId)).toEqual({ remaining: 10, held: 0, used: 0 });
    });

    it('is refused for a rental that nobody authorized', async () => {
      await expect(credits.meter.tick(newId(), 1)).rejects.toMatchObject({ code: 'rental_not_metered' });
      await expect(credits.meter.start(newId(), 1)).rejects.toMatchObject({ code: 'rental_not_metered' });
    });
  });

  describe('when the credits run out', () => {
    it('spends what is held tick by tick and stops when less than a tick is left', async () => {
      const userId = await credits.userWith(6.5);
      const rentalId = await runningRental(userId);
      const results: string[] = [];
      for (let minute = 1; minute <= 6; minute++) results.push(await tickAfter(MINUTE, rentalId));
      expect(results).toEqual(['paid', 'paid', 'paid', 'paid', 'paid', 'exhausted']);
      expect(await balance(userId)).toEqual({ remaining: 0, held: 0.5, used: 6 });
      expect(await credits.meter.exhausted()).toContain(rentalId);
    });

    it('says so once', async () => {
      const userId = await credits.userWith(5);
      const rentalId = await runningRental(userId);
      await tickAfter(6 * MINUTE, rentalId);
      expect(await tickAfter(MINUTE, rentalId)).toBe('exhausted');
      const said = credits.events.filter((event) => event.name === 'credits.exhausted');
      expect(said).toMatchObject([{ userId, data: { userId, rentalId } }]);
    });

    it('charges the time to the stop only as far as credits are held, and is then no longer exhausted', async () => {
      const userId = await credits.userWith(5.5);
      const rentalId = await runningRental(userId);
      for (let minute = 1; minute <= 5; minute++) await tickAfter(MINUTE, rentalId);
      expect(await credits.meter.exhausted()).toContain(rentalId);
      credits.clock.advance(2 * MINUTE);
      const { chargedMicro } = await credits.meter.finish(rentalId, credits.clock.now());
      expect(chargedMicro).toBe(5.5 * CREDIT);
      expect(await balance(userId)).toEqual({ remaining: 0, held: 0, used: 5.5 });
      expect(await credits.meter.exhausted()).not.toContain(rentalId);
    });

    it('stops a frozen account when what is held is spent', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId);
      await credits.get(AccountSettings).setFrozen(userId, true);
      for (let minute = 1; minute <= 4; minute++) expect(await tickAfter(MINUTE, rentalId)).toBe('paid');
      expect(await tickAfter(MINUTE, rentalId)).toBe('exhausted');
      expect(await balance(userId)).toEqual({ remaining: 95, held: 0, used: 5 });
    });

    it('warns once while the runway is short, counting everything that runs', async () => {
      const userId = await credits.userWith(22);
      const [first, second] = [await runningRental(userId), await runningRental(userId)];
      await tickAfter(MINUTE, first);
      expect(credits.events).toEqual([]);
      await tickAfter(MINUTE, second);
      await tickAfter(MINUTE, first);
      const warnings = () => credits.events.filter((event) => event.name === 'credits.low');
      expect(warnings()).toMatchObject([{ userId, data: { userId, runwaySeconds: 570 } }]);
      await tickAfter(MINUTE, second);
      expect(warnings()).toHaveLength(1);
      await grant(credits.ledger, userId, 50);
      await tickAfter(MINUTE, first);
      for (let minute = 0; minute < 48; minute += 6) await tickAfter(6 * MINUTE, first);
      expect(warnings()).toHaveLength(2);
    });
  });

  describe('finish', () => {
    it('frees everything when the rental never ran', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await authorize(userId, PRICE, 1);
      expect(await credits.meter.finish(rentalId, credits.clock.now() + HOUR)).toEqual({ chargedMicro: 0 });
      expect(await balance(userId)).toEqual({ remaining: 100, held: 0, used: 0 });
    });

    it('charges by the second through the end', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId);
      await tickAfter(MINUTE, rentalId);
      credits.clock.advance(30_000);
      expect(await credits.meter.finish(rentalId, credits.clock.now())).toEqual({
        chargedMicro: 1.5 * CREDIT,
      });
      expect(await balance(userId)).toEqual({ remaining: 98.5, held: 0, used: 1.5 });
    });

    it.each([
      [10 * MINUTE, 60],
      [90 * MINUTE, 90],
    ])('after %s ms with one minimum hour charges %s', async (ms, charged) => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId, PRICE, 1);
      await tickAfter(5 * MINUTE, rentalId);
      expect((await balance(userId)).held).toBe(55);
      credits.clock.advance(ms - 5 * MINUTE);
      expect(await credits.meter.finish(rentalId, credits.clock.now())).toEqual({
        chargedMicro: charged * CREDIT,
      });
      expect(await balance(userId)).toEqual({ remaining: 100 - charged, held: 0, used: charged });
    });

    it('gives back what ticks charged past the end', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId);
      const endedAt = credits.clock.now() + 90_000;
      for (let minute = 1; minute <= 4; minute++) await tickAfter(MINUTE, rentalId);
      expect(await credits.meter.finish(rentalId, endedAt)).toEqual({ chargedMicro: 1.5 * CREDIT });
      expect(await balance(userId)).toEqual({ remaining: 98.5, held: 0, used: 1.5 });
    });

    it('charges nothing when the end was before the start', async () => {
      const userId = await credits.userWith(100);
      const endedAt = credits.clock.now();
      credits.clock.advance(1000);
      const rentalId = await runningRental(userId, PRICE, 1);
      await tickAfter(MINUTE, rentalId);
      expect(await credits.meter.finish(rentalId, endedAt)).toEqual({ chargedMicro: 0 });
      expect(await balance(userId)).toEqual({ remaining: 100, held: 0, used: 0 });
    });

    it('counts once, also when several ask at the same time', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId);
      credits.clock.advance(MINUTE);
      const now = credits.clock.now();
      const calls = [0, 1000, 2000].map((later) => credits.meter.finish(rentalId, now + later));
      const charged = new Set((await Promise.all(calls)).map((result) => result.chargedMicro));
      expect(charged.size).toBe(1);
      const again = await credits.meter.finish(rentalId, now + HOUR);
      expect([...charged]).toEqual([again.chargedMicro]);
      expect((await balance(userId)).used * CREDIT).toBe(again.chargedMicro);
    });

    it('and a tick at the same time charge each second once', async () => {
      const userId = await credits.userWith(100);
      const rentalId = await runningRental(userId);
      credits.clock.advance(MINUTE);
      const now = credits.clock.now();
      const [, finished] = await Promise.all([
        credits.meter.tick(rentalId, now),
        credits.meter.finish(rentalId, now),
      ]);
      expect(finished.chargedMicro).toBe(CREDIT);
      expect(await balance(userId)).toEqual({ remaining: 99, held: 0, used: 1 });
    });

    it('of a rental without a meter costs nothing', async () => {
      expect(await credits.meter.finish(newId(), 1)).toEqual({ chargedMicro: 0 });
    });

    it('writes one session row with the credits as they stood', async () => {
      const userId = await credits.userWith(100);
      const rentalId = newId();
      const terms = { rentalId, userId, pricePerHourMicro: PRICE, minimumHours: 0 };
      await credits.meter.authorize({ ...terms, clientId: 'key-1', ip: '203.0.113.9' });
      const startedAt = credits.clock.now();
      await credits.meter.start(rentalId, startedAt);
      await tickAfter(MINUTE, rentalId);
      await tickAfter(MINUTE, rentalId);
      await credits.meter.finish(rentalId, credits.clock.now() + 500);
      await credits.meter.finish(rentalId, credits.clock.now() + 500);
      const rows = await database.unitOfWork.manager.findBy(CreditSession, { userId });
      expect(rows).toMatchObject([
        {
          sessionId: rentalId,
          kind: 'rental',
          clientId: 'key-1',
          ip: '203.0.113.9',
          startedAt,
          durationSeconds: 120,
          remainingMicro: 100 * CREDIT - costOfSeconds(121, PRICE),
          totalMicro: 100 * CREDIT,
          overageMicro: 0,
          firstSeq: 2,
          lastSeq: 4,
        },
      ]);
    });
  });

  describe('the job', () => {
    it('ticks all that runs; one that fails does not stop the others', async () => {
      const users = [await credits.userWith(50), await credits.userWith(50), await credits.userWith(50)];
      const rentals: string[] = [];
      for (const userId of users) rentals.push(await runningRental(userId));
      const broken = [...rentals].sort()[1];
      const meters = credits.get(RentalMeterRepository);
      const find = meters.find.bind(meters);
      meters.find = (id, manager) =>
        id === broken ? Promise.reject(new Error('broken')) : find(id, manager);
      credits.clock.advance(MINUTE);
      const job = credits.jobs.get('credits.rental-ticks');
      expect(job?.intervalMs).toBe(MINUTE);
      await job?.run(new AbortController().signal);
      const costs = await credits.meter.costOf(rentals);
      expect(rentals.map((id) => costs.get(id))).toEqual(rentals.map((id) => (id === broken ? 0 : CREDIT)));
    });
  });

  it('leaves an intact ledger', async () => {
    expect(await credits.verifier.verify()).toMatchObject({ isIntact: true });
  });
});
