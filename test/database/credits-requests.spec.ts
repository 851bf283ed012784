import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Admission } from '../../src/credits/requests/admission.js';
import { AccountSettings } from '../../src/credits/ledger/account-settings.js';
import { CreditHold } from '../../src/credits/ledger/hold.entity.js';
import { CreditTransfer } from '../../src/credits/ledger/transfer.entity.js';
import { BlockBook } from '../../src/credits/requests/block-book.js';
import { BlockReaper } from '../../src/credits/requests/block-reaper.js';
import { RequestBlock } from '../../src/credits/requests/request-block.entity.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDITS_SCHEMA, grant } from './credits-fixture.js';
import {
  budgetOf,
  DELIVERED,
  fundsOf,
  NEVER,
  RequestProcesses,
  SECOND,
  upkeep,
} from './credits-requests-fixture.js';

onEachDatabase('requests paid from blocks', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let processes: RequestProcesses;

  beforeAll(async () => {
    database = await open();
    processes = new RequestProcesses(database);
  });
  afterEach(() => processes.stopAll());

  const transfers = (userId: string): Promise<CreditTransfer[]> =>
    database.unitOfWork.manager.findBy(CreditTransfer, { account: `user:${userId}`, code: 'request_usage' });

  it('lets free requests in without a promise, a row or an account, once it knows that nothing limits the user', async () => {
    const credits = await processes.start({ requestPriceMicro: 0, tokenPriceNano: 0 });
    await budgetOf(credits).admit('nobody', 0);
    const admission = budgetOf(credits).admit('nobody', 0);
    expect(admission).not.toBeInstanceOf(Promise);
    expect(budgetOf(credits).charge(admission as Admission, { ...DELIVERED, outputTokens: 9 })).toBe(0);
  });

  it('holds a block with the first request and lets the next ones in at once', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(10);
    const first = await budgetOf(credits).admit(userId, 1000);
    const second = budgetOf(credits).admit(userId, 1000) as Admission;
    expect(second).not.toBeInstanceOf(Promise);
    expect(await fundsOf(credits, userId)).toEqual({ held: 100_000, used: 0, remaining: 9_900_000 });
    expect(budgetOf(credits).charge(first, DELIVERED)).toBe(1000);
    expect(budgetOf(credits).charge(second, { ...DELIVERED, inputTokens: 1, outputTokens: 2 })).toBe(1003);
  });

  it.each([
    [10, 1000, 100_000],
    [1, 1000, 50_000],
    [0.01, 1000, 1000],
    [10, 250_000, 250_000],
  ])('with %s credits and a worst case of %s holds %s', async (funds, worstCase, held) => {
    const credits = await processes.start();
    const userId = await credits.userWith(funds);
    const admission = await budgetOf(credits).admit(userId, worstCase);
    expect((await fundsOf(credits, userId)).held).toBe(held);
    budgetOf(credits).charge(admission, { isDelivered: false });
  });

  it('charges what was used, and nothing for what failed before its first byte', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const budget = budgetOf(credits);
    const [used, failed] = [await budget.admit(userId, 20_000), await budget.admit(userId, 20_000)];
    expect(budget.charge(used, { ...DELIVERED, inputTokens: 500, outputTokens: 1500 })).toBe(3000);
    expect(budget.charge(failed, { isDelivered: false, inputTokens: 500 })).toBe(0);
    expect(budget.charge(used, { ...DELIVERED, inputTokens: 9 })).toBe(3000);
    await credits.stop();
    expect(await fundsOf(credits, userId)).toEqual({ held: 0, used: 3000, remaining: 997_000 });
  });

  it('posts in batches, each once', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const budget = budgetOf(credits);
    for (let request = 0; request < 20; request++) budget.charge(await budget.admit(userId, 1000), DELIVERED);
    await upkeep(credits);
    expect(await transfers(userId)).toHaveLength(0);
    credits.clock.advance(10 * SECOND);
    await upkeep(credits);
    await upkeep(credits);
    expect(await transfers(userId)).toHaveLength(1);
    expect(await fundsOf(credits, userId)).toMatchObject({ used: 20_000, held: 30_000 });
  });

  it('fills the block up when it is empty, and posts what was spent', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const budget = budgetOf(credits);
    for (let request = 0; request < 120; request++)
      budget.charge(await budget.admit(userId, 1000), DELIVERED);
    await credits.stop();
    expect(await fundsOf(credits, userId)).toMatchObject({ used: 120_000, held: 0 });
    expect((await transfers(userId)).length).toBeLessThan(6);
    expect(await database.unitOfWork.manager.countBy(CreditHold, { userId })).toBe(1);
  });

  it('frees a block that nobody uses', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const budget = budgetOf(credits);
    budget.charge(await budget.admit(userId, 1000), DELIVERED);
    credits.clock.advance(16 * SECOND);
    await upkeep(credits);
    expect(await fundsOf(credits, userId)).toEqual({ held: 0, used: 1000, remaining: 999_000 });
    expect(credits.get(BlockBook).isEmpty).toBe(true);
  });

  it('keeps a block while a request is under way, and renews its lease', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const budget = budgetOf(credits);
    const admission = await budget.admit(userId, 1000);
    for (let round = 0; round < 10; round++) {
      credits.clock.advance(50 * SECOND);
      await upkeep(credits);
      await credits.get(BlockReaper).reapAll(NEVER);
    }
    expect(budget.charge(admission, DELIVERED)).toBe(1000);
    await credits.stop();
    expect((await fundsOf(credits, userId)).used).toBe(1000);
  });

  describe('when the credits do not suffice', () => {
    it('refuses with what is needed and what is there', async () => {
      const credits = await processes.start();
      const userId = await credits.userWith(0.0005);
      await expect(budgetOf(credits).admit(userId, 1000)).rejects.toMatchObject({
        code: 'insufficient_credits',
        status: 402,
        data: { needed: 0.001, available: 0.0005 },
      });
    });

    it('lets in exactly as many of 200 parallel requests as are paid for', async () => {
      const credits = await processes.start();
      const userId = await credits.userWith(0.1);
      const budget = budgetOf(credits);
      const asked = Array.from({ length: 200 }, async () => budget.admit(userId, 1000));
      const results = await Promise.allSettled(asked);
      const admitted = results.filter((result) => result.status === 'fulfilled');
      expect(admitted).toHaveLength(100);
      for (const { value } of admitted) budget.charge(value, DELIVERED);
      await credits.stop();
      expect(await fundsOf(credits, userId)).toEqual({ held: 0, used: 100_000, remaining: 0 });
      expect((await credits.verifier.verify()).isIntact).toBe(true);
    });

    it('lets more in as soon as there are more credits', async () => {
      const credits = await processes.start();
      const userId = await credits.userWith(0);
      await expect(budgetOf(credits).admit(userId, 1000)).rejects.toMatchObject({ status: 402 });
      await grant(credits.ledger, userId, 1);
      const admission = await budgetOf(credits).admit(userId, 1000);
      expect(budgetOf(credits).charge(admission, DELIVERED)).toBe(1000);
    });

    it('refuses a frozen account', async () => {
      const credits = await processes.start();
      const userId = await credits.userWith(5);
      await credits.get(AccountSettings).setFrozen(userId, true);
      await expect(budgetOf(credits).admit(userId, 1000)).rejects.toMatchObject({ code: 'account_frozen' });
    });

    it('allows as much overage as the cap', async () => {
      const credits = await processes.start();
      const userId = await credits.userWith(0);
      await credits.get(AccountSettings).setCap(userId, 2000);
      const admitted = [
        await budgetOf(credits).admit(userId, 1000),
        await budgetOf(credits).admit(userId, 1000),
      ];
      await expect(budgetOf(credits).admit(userId, 1000)).rejects.toMatchObject({ status: 402 });
      for (const admission of admitted) budgetOf(credits).charge(admission, DELIVERED);
      await credits.stop();
      expect((await credits.ledger.balanceOf(userId)).overageMicro).toBe(2000);
    });
  });

  it('when the service stops, waits for requests that were just cut and settles them', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const budget = budgetOf(credits);
    const running = await budget.admit(userId, 5000);
    const stopping = credits.stop();
    budget.charge(running, { ...DELIVERED, outputTokens: 2000 });
    await stopping;
    expect(await fundsOf(credits, userId)).toEqual({ held: 0, used: 3000, remaining: 997_000 });
  });

  it('notes all blocks in one statement', async () => {
    const credits = await processes.start();
    const budget = budgetOf(credits);
    for (let user = 0; user < 5; user++) {
      const userId = await credits.userWith(1);
      budget.charge(await budget.admit(userId, 1000 + user), { ...DELIVERED, outputTokens: user });
    }
    await upkeep(credits);
    const { ownerId } = credits.get(BlockBook);
    const rows = await database.unitOfWork.manager.findBy(RequestBlock, { ownerId });
    expect(rows.map(({ spentMicro }) => spentMicro).sort()).toEqual([1000, 1001, 1002, 1003, 1004]);
  });
});
