import { afterEach, beforeAll, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { isDomainError } from '../../src/common/domain-error.js';
import { BlockReaper } from '../../src/credits/requests/block-reaper.js';
import { KeyBudgetRepository } from '../../src/credits/requests/key-budget.repository.js';
import type { SpendLimit } from '../../src/credits/requests/purse.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDITS_SCHEMA, type Credits } from './credits-fixture.js';
import {
  budgetOf,
  DELIVERED,
  fundsOf,
  NEVER,
  NOT_DELIVERED,
  RequestProcesses,
  SECOND,
  upkeep,
} from './credits-requests-fixture.js';

/** What a request costs in these tests. */
const COST = 1000;
const REACHED = { status: 402, code: 'key_spend_limit_reached', data: { spend_limit: 0.01 } };

onEachDatabase('spend limits of keys', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let processes: RequestProcesses;
  beforeAll(async () => {
    database = await open();
    processes = new RequestProcesses(database);
  });
  afterEach(() => processes.stopAll());

  const limitOf = (requests: number): SpendLimit => ({ id: newId(), limitMicro: requests * COST });
  const committed = (credits: Credits, { id }: SpendLimit): Promise<number> =>
    credits.get(KeyBudgetRepository).committedOf(id);
  /** One request from beginning to end; false when the limit refuses it. */
  const ask = async (credits: Credits, userId: string, limit?: SpendLimit): Promise<boolean> => {
    try {
      const admission = await budgetOf(credits).admit(userId, COST, limit);
      await budgetOf(credits).charge(admission, DELIVERED);
      return true;
    } catch (error) {
      if (isDomainError(error, 'key_spend_limit_reached')) return false;
      throw error;
    }
  };
  const count = (answers: boolean[]): number => answers.filter(Boolean).length;

  it('are reached exactly, and other keys of the account go on', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const [limit, other] = [limitOf(10), limitOf(10)];
    for (let request = 0; request < 10; request++) expect(await ask(credits, userId, limit)).toBe(true);
    await expect(budgetOf(credits).admit(userId, COST, limit)).rejects.toMatchObject(REACHED);
    expect(await ask(credits, userId, other)).toBe(true);
    expect(await ask(credits, userId)).toBe(true);
    await credits.stop();
    expect(await fundsOf(credits, userId)).toEqual({ held: 0, used: 12 * COST, remaining: 988_000 });
    expect([await committed(credits, limit), await committed(credits, other)]).toEqual([10 * COST, COST]);
    expect((await credits.verifier.verify()).isIntact).toBe(true);
  });

  it('are not passed by requests at the same time in three processes', async () => {
    const started = await Promise.all([processes.start(), processes.start(), processes.start()]);
    const userId = await started[0].userWith(1);
    const limit = limitOf(40);
    const asked = Array.from({ length: 120 }, (_, request) => ask(started[request % 3], userId, limit));
    const admitted = count(await Promise.all(asked));
    expect(admitted).toBeLessThanOrEqual(40);
    for (const credits of started) await credits.stop();
    const used = (await fundsOf(started[0], userId)).used;
    expect([used, await committed(started[0], limit)]).toEqual([admitted * COST, admitted * COST]);
  });

  it('are used to the last by whichever process asks, once the others are idle', async () => {
    const [first, second] = [await processes.start(), await processes.start()];
    const userId = await first.userWith(1);
    const limit = limitOf(40);
    const admitted = [await ask(first, userId, limit), await ask(second, userId, limit)];
    const giving = setInterval(() => void Promise.all([upkeep(first), upkeep(second)]), 50);
    for (let request = 0; request < 50; request++) admitted.push(await ask(second, userId, limit));
    clearInterval(giving);
    expect(count(admitted)).toBe(40);
  });

  it('give back what was not delivered, and what a stream did not use', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const limit = limitOf(10);
    const failed = await budgetOf(credits).admit(userId, 10 * COST, limit);
    await budgetOf(credits).charge(failed, NOT_DELIVERED);
    const short = await budgetOf(credits).admit(userId, 10 * COST, limit);
    await budgetOf(credits).charge(short, DELIVERED);
    await credits.stop();
    expect(await committed(credits, limit)).toBe(COST);
  });

  it('stop a stream that grows beyond them', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(1);
    const limit = limitOf(10);
    const stream = await budgetOf(credits).admit(userId, 2 * COST, limit);
    const stopped = new Promise((resolve) => stream.onExhausted(resolve));
    let tokens = 0;
    const growing = setInterval(
      () => budgetOf(credits).progress(stream, { outputTokens: (tokens += 500) }),
      5,
    );
    expect(await stopped).toMatchObject(REACHED);
    clearInterval(growing);
    await budgetOf(credits).charge(stream, { ...DELIVERED, outputTokens: tokens });
    await credits.stop();
    expect((await fundsOf(credits, userId)).used).toBeLessThanOrEqual(10 * COST);
  });

  it('get back what a killed process had held and not spent', async () => {
    const [victim, other] = [await processes.start(), await processes.start()];
    const userId = await victim.userWith(1);
    const limit = limitOf(10);
    expect(await ask(victim, userId, limit)).toBe(true);
    await upkeep(victim);
    await budgetOf(victim).admit(userId, 9 * COST, limit);
    processes.kill(victim);
    expect(await ask(other, userId, limit)).toBe(false);
    other.clock.advance(200 * SECOND);
    await other.get(BlockReaper).reapAll(NEVER);
    expect(await committed(other, limit)).toBe(COST);
    for (let request = 0; request < 9; request++) expect(await ask(other, userId, limit)).toBe(true);
    expect(await ask(other, userId, limit)).toBe(false);
    expect((await other.verifier.verify()).isIntact).toBe(true);
  });

  it('leave the word to the account where that has less', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(0.005);
    const limit = limitOf(10);
    for (let request = 0; request < 5; request++) expect(await ask(credits, userId, limit)).toBe(true);
    await expect(budgetOf(credits).admit(userId, COST, limit)).rejects.toMatchObject({
      status: 402,
      code: 'insufficient_credits',
    });
  });

  it('share the account between the blocks of one process', async () => {
    const credits = await processes.start();
    const userId = await credits.userWith(0.02);
    const limits = Array.from({ length: 20 }, () => limitOf(10));
    const giving = setInterval(() => void upkeep(credits), 50);
    const admitted = [];
    for (const limit of limits) admitted.push(await ask(credits, userId, limit));
    clearInterval(giving);
    expect(count(admitted)).toBe(20);
  });
});
