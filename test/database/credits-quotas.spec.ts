import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { QuotaSettings, type QuotaChange } from '../../src/credits/quotas/quota-settings.js';
import type { RequestBudget } from '../../src/credits/requests/request-budget.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, type Credits } from './credits-fixture.js';
import { budgetOf, DELIVERED, RequestProcesses, SECOND } from './credits-requests-fixture.js';

const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const FREE = { requestPriceMicro: 0, tokenPriceNano: 0 };

onEachDatabase('quotas', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let processes: RequestProcesses;

  beforeAll(async () => {
    database = await open();
    processes = new RequestProcesses(database);
  });
  afterEach(() => processes.stopAll());

  const limitedUser = async (credits: Credits, limits: QuotaChange, funds = 100): Promise<string> => {
    const userId = await credits.userWith(funds);
    await credits.get(QuotaSettings).change(userId, limits);
    return userId;
  };
  const quotaOf = (credits: Credits, userId: string) => credits.get(QuotaSettings).current(userId);
  const ask = async (budget: RequestBudget, userId: string): Promise<boolean> => {
    try {
      await budget.charge(await budget.admit(userId, 1000), DELIVERED);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'quota_exceeded', status: 403 });
      return false;
    }
  };
  const admitted = async (count: number, budgets: RequestBudget[], userId: string): Promise<number> => {
    const asked = Array.from({ length: count }, (_, index) => ask(budgets[index % budgets.length], userId));
    return (await Promise.all(asked)).filter(Boolean).length;
  };

  describe('of requests', () => {
    it('let in exactly as many as allowed, free or not', async () => {
      for (const price of [FREE, {}]) {
        const credits = await processes.start(price);
        const userId = await limitedUser(credits, { maxRequests: 37 });
        expect(await admitted(60, [budgetOf(credits)], userId)).toBe(37);
        expect(await quotaOf(credits, userId)).toMatchObject({ usedRequests: 37 });
      }
    });

    it('hold for several processes together', async () => {
      const both = [await processes.start(FREE), await processes.start(FREE)];
      const userId = await limitedUser(both[0], { maxRequests: 200 });
      const count = await admitted(400, both.map(budgetOf), userId);
      await processes.stopAll();
      expect(count).toBeLessThanOrEqual(200);
      expect(count).toBeGreaterThan(190);
      expect(await quotaOf(both[0], userId)).toMatchObject({ usedRequests: count });
    });

    it('count ahead and give back what was not used', async () => {
      const credits = await processes.start(FREE);
      const userId = await limitedUser(credits, { maxRequests: 1000 });
      expect(await admitted(3, [budgetOf(credits)], userId)).toBe(3);
      expect(await quotaOf(credits, userId)).toMatchObject({ usedRequests: 50 });
      await credits.stop();
      expect(await quotaOf(credits, userId)).toMatchObject({ usedRequests: 3 });
    });

    it('do not count a request that could not be paid', async () => {
      const credits = await processes.start();
      const userId = await limitedUser(credits, { maxRequests: 100 }, 0);
      await expect(budgetOf(credits).admit(userId, 1000)).rejects.toMatchObject({ status: 402 });
      await credits.stop();
      expect(await quotaOf(credits, userId)).toMatchObject({ usedRequests: 0 });
    });

    it('begin anew when it is time, once', async () => {
      const both = [await processes.start(FREE), await processes.start(FREE)];
      const [credits, other] = both;
      const userId = await limitedUser(credits, { maxRequests: 5, resetInterval: 'day' });
      expect(await admitted(9, [budgetOf(credits)], userId)).toBe(5);
      for (const process of both) process.clock.advance(24 * HOUR);
      expect(await admitted(4, [budgetOf(other)], userId)).toBe(4);
      expect(await admitted(4, [budgetOf(credits)], userId)).toBe(1);
      expect((await quotaOf(credits, userId))?.resetAt).toBeGreaterThan(credits.clock.now());
    });

    it('say what the limit is and when it begins anew', async () => {
      const credits = await processes.start(FREE);
      const resetAt = credits.clock.now() + HOUR;
      const userId = await limitedUser(credits, { maxRequests: 0, resetAt });
      await expect(budgetOf(credits).admit(userId, 0)).rejects.toMatchObject({
        data: { quota: 'max_requests', limit: 0, reset_at: new Date(resetAt).toISOString() },
      });
    });

    it('set while a user is busy are seen within seconds', async () => {
      const credits = await processes.start(FREE);
      const userId = await limitedUser(credits, {});
      const budget = budgetOf(credits);
      expect(await ask(budget, userId)).toBe(true);
      await credits.get(QuotaSettings).change(userId, { maxRequests: 0 });
      credits.clock.advance(6 * SECOND);
      await ask(budget, userId);
      await expect.poll(() => ask(budget, userId)).toBe(false);
      await credits.get(QuotaSettings).change(userId, { maxRequests: null });
      expect(await ask(budget, userId)).toBe(true);
    });
  });

  describe('of GPU hours', () => {
    /** A runway of 5 minutes is counted ahead. */
    const rent = async (credits: Credits, userId: string, gpuCount = 1): Promise<string> => {
      const rentalId = newId();
      await credits.meter.authorize({
        rentalId,
        userId,
        pricePerHourMicro: CREDIT,
        minimumHours: 0,
        gpuCount,
      });
      await credits.meter.start(rentalId, credits.clock.now());
      return rentalId;
    };
    const used = async (credits: Credits, userId: string): Promise<number | undefined> =>
      (await quotaOf(credits, userId))?.usedGpuSeconds;

    it('refuse a rental that has no room for its runway', async () => {
      const credits = await processes.start();
      const userId = await limitedUser(credits, { maxGpuSeconds: 599 });
      await rent(credits, userId);
      await expect(rent(credits, userId)).rejects.toMatchObject({ code: 'quota_exceeded' });
      expect(await used(credits, userId)).toBe(300);
      expect((await credits.ledger.balanceOf(userId)).heldMicro).toBe(Math.ceil(CREDIT / 12));
    });

    it('let in as many of several at once as there is room for', async () => {
      const both = [await processes.start(), await processes.start()];
      const userId = await limitedUser(both[0], { maxGpuSeconds: 1000 });
      const results = await Promise.allSettled([0, 1, 0, 1, 0].map((index) => rent(both[index], userId)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    });

    it('count GPUs, and count an authorization once', async () => {
      const credits = await processes.start();
      const userId = await limitedUser(credits, { maxGpuSeconds: 10_000 });
      const terms = { rentalId: newId(), userId, pricePerHourMicro: CREDIT, minimumHours: 0, gpuCount: 4 };
      await Promise.all([1, 2, 3].map(() => credits.meter.authorize(terms)));
      expect(await used(credits, userId)).toBe(1200);
    });

    it('stop a rental before they are passed', async () => {
      const credits = await processes.start();
      const userId = await limitedUser(credits, { maxGpuSeconds: 3600 });
      const rentalId = await rent(credits, userId, 2);
      let minutes = 0;
      let answer = 'paid';
      while (answer === 'paid') {
        credits.clock.advance(MINUTE);
        answer = await credits.meter.tick(rentalId, credits.clock.now());
        minutes++;
      }
      expect(minutes).toBe(26);
      expect(await credits.meter.exhausted()).toContain(rentalId);
      credits.clock.advance(30 * SECOND);
      await credits.meter.finish(rentalId, credits.clock.now());
      expect(await used(credits, userId)).toBe(2 * (26 * 60 + 30));
    });

    it('get back what a rental did not use', async () => {
      const credits = await processes.start();
      const userId = await limitedUser(credits, { maxGpuSeconds: 3600 });
      const [short, never] = [await rent(credits, userId), newId()];
      await credits.meter.authorize({ rentalId: never, userId, pricePerHourMicro: 1, minimumHours: 0 });
      expect(await used(credits, userId)).toBe(600);
      credits.clock.advance(10 * SECOND);
      await credits.meter.finish(short, credits.clock.now());
      await credits.meter.finish(short, credits.clock.now());
      await credits.meter.finish(never, credits.clock.now());
      expect(await used(credits, userId)).toBe(10);
    });

    it('do not count rentals that began without', async () => {
      const credits = await processes.start();
      const userId = await credits.userWith(100);
      const rentalId = await rent(credits, userId);
      await credits.get(QuotaSettings).change(userId, { maxGpuSeconds: 0 });
      credits.clock.advance(HOUR);
      expect(await credits.meter.tick(rentalId, credits.clock.now())).toBe('paid');
      expect(await used(credits, userId)).toBe(0);
    });
  });
});
