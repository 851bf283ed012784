import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BlockBook } from '../../src/credits/requests/block-book.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDITS_SCHEMA } from './credits-fixture.js';
import { budgetOf, DELIVERED, fundsOf, RequestProcesses } from './credits-requests-fixture.js';

onEachDatabase('streams paid from blocks', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let processes: RequestProcesses;

  beforeAll(async () => {
    database = await open();
    processes = new RequestProcesses(database);
  });
  afterEach(() => processes.stopAll());

  describe('a stream', () => {
    const stream = async (funds: number, worstCase: number) => {
      const credits = await processes.start();
      const userId = await credits.userWith(funds);
      const budget = budgetOf(credits);
      const admission = await budget.admit(userId, worstCase);
      const stopped: string[] = [];
      admission.onExhausted(({ code }) => stopped.push(code));
      return { credits, userId, budget, admission, stopped };
    };

    it('that outgrows what was held gets more ahead of time', async () => {
      const { budget, admission, credits, userId, stopped } = await stream(10, 100_000);
      for (let tokens = 10_000; tokens <= 300_000; tokens += 10_000) {
        budget.progress(admission, { outputTokens: tokens });
        await credits.get(BlockBook).inTurn(userId, async () => undefined);
      }
      expect(stopped).toEqual([]);
      expect(budget.charge(admission, { ...DELIVERED, outputTokens: 300_000 })).toBe(301_000);
      await credits.stop();
      expect(await fundsOf(credits, userId)).toMatchObject({ held: 0, used: 301_000 });
    });

    it('that the account can pay no longer is stopped when all is used up, and charged for that', async () => {
      const { budget, admission, credits, userId, stopped } = await stream(0.15, 100_000);
      for (let tokens = 60_000; tokens < 200_000 && stopped.length === 0; tokens += 10_000) {
        budget.progress(admission, { outputTokens: tokens });
        await credits.get(BlockBook).inTurn(userId, async () => undefined);
      }
      expect(stopped).toEqual(['insufficient_credits']);
      expect(await budget.charge(admission, DELIVERED)).toBe(150_000);
      await credits.stop();
      expect(await fundsOf(credits, userId)).toEqual({ held: 0, used: 150_000, remaining: 0 });
    });

    it('that was cut without a count is charged for what it had delivered', async () => {
      const { budget, admission, credits, userId } = await stream(1, 50_000);
      budget.progress(admission, { outputTokens: 7000 });
      expect(budget.charge(admission, DELIVERED)).toBe(8000);
      await credits.stop();
      expect((await fundsOf(credits, userId)).used).toBe(8000);
    });

    it('is charged for its time as well', async () => {
      const credits = await processes.start({ secondPriceMicro: 500 });
      const userId = await credits.userWith(1);
      const budget = budgetOf(credits);
      const admission = await budget.admit(userId, 50_000);
      credits.clock.advance(10_000);
      budget.progress(admission, { outputTokens: 2000 });
      credits.clock.advance(2500);
      expect(budget.charge(admission, { ...DELIVERED, outputTokens: 3000 })).toBe(1000 + 3000 + 6250);
      await credits.stop();
      expect((await fundsOf(credits, userId)).used).toBe(10_250);
    });

    it('that cost more than was held is charged in full when the account has it', async () => {
      const { budget, admission, credits, userId } = await stream(10, 100_000);
      const charged = budget.charge(admission, { ...DELIVERED, outputTokens: 2_000_000 });
      expect(charged).toBeInstanceOf(Promise);
      expect(await budget.charge(admission, DELIVERED)).toBe(2_001_000);
      expect(await charged).toBe(2_001_000);
      await credits.stop();
      expect((await fundsOf(credits, userId)).used).toBe(2_001_000);
    });

    it('that cost more than the account has is charged as far as credits are held', async () => {
      const { budget, admission, credits, userId } = await stream(0.1, 90_000);
      expect(await budget.charge(admission, { ...DELIVERED, outputTokens: 2_000_000 })).toBe(90_000);
      await credits.stop();
      expect(await fundsOf(credits, userId)).toEqual({ held: 0, used: 90_000, remaining: 10_000 });
    });
  });
});
