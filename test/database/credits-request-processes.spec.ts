import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BlockReaper } from '../../src/credits/requests/block-reaper.js';
import { RequestBlock } from '../../src/credits/requests/request-block.entity.js';
import { databaseUnavailable } from '../../src/database/database-unavailable.js';
import type { UnitOfWork } from '../../src/database/unit-of-work.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDITS_SCHEMA } from './credits-fixture.js';
import {
  budgetOf,
  DELIVERED,
  fundsOf,
  NEVER,
  RequestProcesses,
  SECOND,
  upkeep,
} from './credits-requests-fixture.js';

onEachDatabase('blocks of several processes', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let processes: RequestProcesses;

  beforeAll(async () => {
    database = await open();
    processes = new RequestProcesses(database);
  });
  afterEach(() => processes.stopAll());

  describe('with several processes', () => {
    it('calls idle credits back from another before it refuses', async () => {
      const [holder, asker] = [await processes.start(), await processes.start()];
      const userId = await holder.userWith(0.2);
      const busy = await budgetOf(holder).admit(userId, 40_000);
      const idle = await budgetOf(holder).admit(userId, 60_000);
      budgetOf(holder).charge(idle, { ...DELIVERED, outputTokens: 1000 });
      const asked = budgetOf(asker).admit(userId, 158_000);
      const holding = setInterval(() => void upkeep(holder), 100);
      await asked;
      clearInterval(holding);
      expect((await asked).reservedMicro).toBe(158_000);
      await expect(budgetOf(asker).admit(userId, 1001)).rejects.toMatchObject({ status: 402 });
      expect(budgetOf(holder).charge(busy, { ...DELIVERED, outputTokens: 39_000 })).toBe(40_000);
      await holder.stop();
      await budgetOf(asker).charge(await asked, { ...DELIVERED, outputTokens: 157_000 });
      await asker.stop();
      expect(await fundsOf(asker, userId)).toEqual({ held: 0, used: 200_000, remaining: 0 });
    });

    it('refuses at once when the others have nothing idle', async () => {
      const [holder, asker] = [await processes.start(), await processes.start()];
      const userId = await holder.userWith(0.01);
      for (let request = 0; request < 9; request++)
        budgetOf(holder).charge(await budgetOf(holder).admit(userId, 1000), DELIVERED);
      await upkeep(holder);
      const before = performance.now();
      await expect(budgetOf(asker).admit(userId, 5000)).rejects.toMatchObject({ status: 402 });
      expect(performance.now() - before).toBeLessThan(1000);
    });

    it('answers those who keep asking in vain without a wait each time', async () => {
      const [holder, asker] = [await processes.start(), await processes.start()];
      const userId = await holder.userWith(0.05);
      const busy = await budgetOf(holder).admit(userId, 50_000);
      const before = performance.now();
      const asked = Array.from({ length: 50 }, async () => budgetOf(asker).admit(userId, 1000));
      const codes = (await Promise.allSettled(asked)).map((result) => result.status);
      expect(new Set(codes)).toEqual(new Set(['rejected']));
      expect(performance.now() - before).toBeLessThan(4000);
      budgetOf(holder).charge(busy, { isDelivered: false });
    });

    it('settles what a killed process had noted, once, and keeps nothing held', async () => {
      const [victim, other] = [await processes.start(), await processes.start()];
      const userId = await victim.userWith(1);
      const budget = budgetOf(victim);
      for (let request = 0; request < 5; request++)
        budget.charge(await budget.admit(userId, 1000), DELIVERED);
      const running = await budget.admit(userId, 10_000);
      budget.progress(running, { outputTokens: 3000 });
      await upkeep(victim);
      budget.charge(await budget.admit(userId, 1000), DELIVERED);
      processes.kill(victim);
      await other.get(BlockReaper).reapAll(NEVER);
      expect((await fundsOf(other, userId)).held).toBe(50_000);
      other.clock.advance(121 * SECOND);
      await other.get(BlockReaper).reapAll(NEVER);
      await other.get(BlockReaper).reapAll(NEVER);
      expect(await fundsOf(other, userId)).toEqual({ held: 0, used: 9000, remaining: 991_000 });
    });

    it('charges nothing twice when the process was only slow', async () => {
      const [slow, other] = [await processes.start(), await processes.start()];
      const userId = await slow.userWith(1);
      const budget = budgetOf(slow);
      const running = await budget.admit(userId, 10_000);
      budget.progress(running, { outputTokens: 3000 });
      await upkeep(slow);
      other.clock.advance(121 * SECOND);
      await other.get(BlockReaper).reapAll(NEVER);
      slow.clock.advance(121 * SECOND);
      const next = await budget.admit(userId, 1000);
      expect(budget.charge(running, { ...DELIVERED, outputTokens: 9000 })).toBe(0);
      expect(budget.charge(next, DELIVERED)).toBe(1000);
      await slow.stop();
      expect(await fundsOf(other, userId)).toEqual({ held: 0, used: 5000, remaining: 995_000 });
    });

    it('spends nothing from a block whose lease is nearly over', async () => {
      const credits = await processes.start();
      const userId = await credits.userWith(1);
      const budget = budgetOf(credits);
      budget.charge(await budget.admit(userId, 1000), DELIVERED);
      credits.clock.advance(91 * SECOND);
      const later = budget.admit(userId, 1000);
      expect(later).toBeInstanceOf(Promise);
      budget.charge(await later, DELIVERED);
      const [row] = await database.unitOfWork.manager.findBy(RequestBlock, { userId });
      expect(row.leaseUntil).toBe(credits.clock.now() + 120 * SECOND);
    });
  });

  describe('when the answer to a commit is lost', () => {
    /** Commits the nth transaction and then says that the database is gone. */
    const losing = (nth: number): { unitOfWork: UnitOfWork; seen: () => number } => {
      let count = 0;
      const unitOfWork = new Proxy(database.unitOfWork, {
        get: (target, name) => {
          if (name !== 'run') return Reflect.get(target, name) as unknown;
          return async (work: Parameters<UnitOfWork['run']>[0]) => {
            const result = await target.run(work);
            count += 1;
            if (count === nth) throw databaseUnavailable(new Error('connection lost'));
            return result;
          };
        },
      });
      return { unitOfWork, seen: () => count };
    };
    const ignore = async <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined);

    it('charges each request once all the same, whichever commit it was', async () => {
      for (let nth = 1, last = 2; nth <= last; nth++) {
        const { unitOfWork, seen } = losing(nth);
        const owner = await processes.start();
        const userId = await owner.userWith(0.2);
        const credits = await processes.start({}, unitOfWork);
        const budget = budgetOf(credits);
        let charged = 0;
        for (let request = 0; request < 40; request++) {
          const admission = await ignore(Promise.resolve(budget.admit(userId, 1000)));
          if (admission) charged += await budget.charge(admission, DELIVERED);
          if (request % 10 === 5) credits.clock.advance(10 * SECOND);
          if (request % 10 === 9) credits.clock.advance(16 * SECOND);
          if (request % 5 === 0) await ignore(upkeep(credits));
        }
        await credits.stop();
        last = Math.max(last, seen());
        processes.kill(credits);
        owner.clock.advance(600 * SECOND);
        await owner.get(BlockReaper).reapAll(NEVER);
        expect({ nth, ...(await fundsOf(owner, userId)) }).toMatchObject({ nth, held: 0, used: charged });
        expect(charged).toBeGreaterThan(30_000);
      }
      expect((await (await processes.start()).verifier.verify()).isIntact).toBe(true);
    });
  });
});
