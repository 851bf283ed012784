import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { CreditEntry } from '../../src/credits/ledger/entry.entity.js';
import { FarmCosts, type FarmCost } from '../../src/credits/metering/farm-costs.service.js';
import { UsageRecord } from '../../src/credits/usage/usage-record.entity.js';
import { UsageRecorder } from '../../src/credits/usage/usage-recorder.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 6 credits an hour, of which the farm takes 5. */
const PRICES = { pricePerHourMicro: 6 * CREDIT, providerPricePerHourMicro: 5 * CREDIT };

onEachDatabase('what rentals cost us', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let credits: Credits;
  /** A farm of each test's own, so that its accounts begin at zero. */
  let provider: string;
  let userId: string;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    credits = await createCredits(database, { markupPercent: 20 });
    provider = `farm-${newId().slice(0, 8)}`;
    userId = await credits.userWith(100);
  });

  const rent = async (terms: object = {}): Promise<string> => {
    const rentalId = newId();
    await credits.meter.authorize({ rentalId, userId, provider, minimumHours: 0, ...PRICES, ...terms });
    await credits.meter.start(rentalId, credits.clock.now());
    return rentalId;
  };
  const tickAfter = (ms: number, rentalId: string): Promise<string> => {
    credits.clock.advance(ms);
    return credits.meter.tick(rentalId, credits.clock.now());
  };
  const bookedOn = async (account: string): Promise<number> => {
    const entries = await database.unitOfWork.manager.findBy(CreditEntry, { account });
    return entries.reduce((sum, entry) => sum + entry.amountMicro, 0) / CREDIT;
  };
  const cost = (): Promise<number> => bookedOn(`payable:${provider}`);

  it('is booked with every tick, beside the charge', async () => {
    const rentalId = await rent();
    for (let tick = 0; tick < 6; tick++) await tickAfter(10 * MINUTE, rentalId);
    expect(await cost()).toBe(5);
    expect(await bookedOn(`cogs:${provider}`)).toBe(-5);
    expect((await credits.ledger.balanceOf(userId)).usedMicro).toBe(6 * CREDIT);
    expect(await credits.verifier.verify()).toMatchObject({ isIntact: true });
  });

  it('is booked once when two processes tick at the same time', async () => {
    const rentalId = await rent();
    const other = await createCredits(database);
    credits.clock.advance(HOUR);
    const now = credits.clock.now();
    await Promise.all([credits, other, credits].map(({ meter }) => meter.tick(rentalId, now)));
    expect(await cost()).toBe(5);
  });

  it.each([
    ['by the second through the end', 0, 90 * MINUTE, 7.5],
    ['and at least the hours that the farm keeps', 2, 30 * MINUTE, 10],
  ])('is booked %s', async (_, minimumHours, ranMs, expected) => {
    const rentalId = await rent({ minimumHours });
    await tickAfter(ranMs / 2, rentalId);
    credits.clock.advance(ranMs / 2);
    await credits.meter.finish(rentalId, credits.clock.now());
    await credits.meter.finish(rentalId, credits.clock.now());
    expect(await cost()).toBe(expected);
  });

  it('is taken back as far as ticks booked past the end', async () => {
    const rentalId = await rent();
    const endedAt = credits.clock.now() + 30 * MINUTE;
    await tickAfter(HOUR, rentalId);
    await credits.meter.finish(rentalId, endedAt);
    expect(await cost()).toBe(2.5);
  });

  it('is booked in full when the user could not pay for all of it', async () => {
    userId = await credits.userWith(1);
    const rentalId = await rent();
    expect(await tickAfter(30 * MINUTE, rentalId)).toBe('exhausted');
    credits.clock.advance(30 * MINUTE);
    await credits.meter.finish(rentalId, credits.clock.now());
    expect((await credits.ledger.balanceOf(userId)).usedMicro).toBe(CREDIT);
    expect(await cost()).toBe(5);
  });

  it('is nothing for a rental that never ran', async () => {
    const rentalId = newId();
    await credits.meter.authorize({ rentalId, userId, provider, minimumHours: 1, ...PRICES });
    await credits.meter.finish(rentalId, credits.clock.now() + HOUR);
    expect(await cost()).toBe(0);
  });

  it('is the price without the markup when nobody says what the farm takes', async () => {
    const rentalId = await rent({ providerPricePerHourMicro: undefined });
    await tickAfter(HOUR, rentalId);
    expect(await cost()).toBe(5);
  });

  describe('by the bill of the farm', () => {
    const ended = async (): Promise<string> => {
      const rentalId = await rent();
      credits.clock.advance(HOUR);
      await credits.meter.finish(rentalId, credits.clock.now());
      return rentalId;
    };
    const correct = (cost: Partial<FarmCost>): Promise<void> => {
      const [contractId, eventAt] = [newId(), credits.clock.now()];
      credits.clock.advance(1);
      const whole = { provider, contractId, rentalId: null, bookedMicro: null, amountMicro: 0, eventAt };
      const bill = { ...whole, askedAt: credits.clock.now(), ...cost };
      return database.unitOfWork.run((manager) => credits.get(FarmCosts).correct(bill, manager));
    };

    it('is corrected upwards and downwards, and only the difference is booked', async () => {
      const rentalId = await ended();
      await correct({ rentalId, amountMicro: 5_250_001 });
      expect(await cost()).toBe(5.250001);
      await correct({ rentalId, bookedMicro: 5_250_001, amountMicro: 4 * CREDIT });
      await correct({ rentalId, bookedMicro: 4 * CREDIT, amountMicro: 4 * CREDIT });
      expect(await cost()).toBe(4);
      await correct({ rentalId, bookedMicro: 4 * CREDIT, amountMicro: 5_250_001 });
      expect(await bookedOn(`cogs:${provider}`)).toBe(-5.250001);
      expect((await credits.ledger.balanceOf(userId)).usedMicro).toBe(6 * CREDIT);
      expect(await credits.verifier.verify()).toMatchObject({ isIntact: true });
    });

    it('is corrected once when two processes read it at the same time', async () => {
      const rentalId = await ended();
      const bill = { rentalId, amountMicro: 7 * CREDIT, contractId: 'c', askedAt: 1, eventAt: 1 };
      await Promise.allSettled([correct(bill), correct({ ...bill, askedAt: 2 }), correct(bill)]);
      expect(await cost()).toBe(7);
    });

    it('waits until the rental is settled, whose own last booking would undo it', async () => {
      const rentalId = await rent();
      await tickAfter(HOUR, rentalId);
      await expect(correct({ rentalId, amountMicro: CREDIT })).rejects.toThrow('not settled');
      await credits.meter.finish(rentalId, credits.clock.now());
      expect(await cost()).toBeCloseTo(5, 2);
    });

    it('is booked for a contract that is no rental’s', async () => {
      await correct({ contractId: 'lost', amountMicro: 3 * CREDIT });
      await correct({ contractId: 'lost', bookedMicro: 3 * CREDIT, amountMicro: 3.5 * CREDIT });
      expect(await cost()).toBe(3.5);
    });
  });

  describe('of one request', () => {
    const record = async (facts: object): Promise<UsageRecord> => {
      const requestId = newId();
      const texts = { requestId, protocol: 'openai', route: '/v1/models' };
      const numbers = { at: credits.clock.now(), status: 200, durationMs: 12, bytesIn: 1, bytesOut: 2 };
      credits.get(UsageRecorder).record({ userId, ...texts, ...numbers, costMicro: 1500, ...facts });
      await credits.get(UsageRecorder).flush();
      return database.unitOfWork.manager.findOneByOrFail(UsageRecord, { requestId });
    };

    it('is its share of the busy time, at the user’s price and at the farm’s', async () => {
      const rentalId = await rent();
      expect(await record({ rentalId, busyMs: 1200 })).toMatchObject({
        rentalId,
        busyMs: 1200,
        costMicro: 1500,
        gpuCostMicro: 2000,
        providerCostMicro: 1667,
      });
    });

    it.each([
      ['the rental is not known', { rentalId: 'gone', busyMs: 5 }],
      ['it reached no instance', {}],
    ])('is left open when %s', async (_, facts) => {
      expect(await record(facts)).toMatchObject({ gpuCostMicro: null, providerCostMicro: null });
    });
  });
});
