import { beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { CreditEntry } from '../../src/credits/ledger/entry.entity.js';
import { CreditTransfer } from '../../src/credits/ledger/transfer.entity.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

onEachDatabase('ledger under concurrency', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  /** Two copies of the module on one database, like two processes. */
  let processes: Credits[];

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    processes = [await createCredits(database), await createCredits(database)];
  });

  const ledgerOf = (index: number) => processes[index % processes.length].ledger;
  const holdOf = (userId: string, amountMicro: number, idempotencyKey = newId()) => ({
    userId,
    amountMicro,
    purpose: 'requests' as const,
    reference: 'load',
    idempotencyKey,
  });
  const outcomes = async (calls: Promise<unknown>[]) => {
    const results = await Promise.allSettled(calls);
    const refused = results.filter((result) => result.status === 'rejected');
    return {
      accepted: results.length - refused.length,
      codes: new Set(refused.map(({ reason }) => reason.code)),
    };
  };
  const isIntact = async (): Promise<boolean> => (await processes[0].verifier.verify()).isIntact;

  it('accepts exactly as many of 64 parallel holds as there are funds for', async () => {
    const userId = await processes[0].userWith(10);
    const calls = times(64).map((index) => ledgerOf(index).hold(holdOf(userId, 0.3 * CREDIT)));
    expect(await outcomes(calls)).toEqual({ accepted: 33, codes: new Set(['insufficient_credits']) });
    const balance = await ledgerOf(0).balanceOf(userId);
    expect(balance).toMatchObject({ heldMicro: 9.9 * CREDIT, remainingMicro: 0.1 * CREDIT });
    expect(await isIntact()).toBe(true);
  });

  it('accepts exactly as many parallel debits as there are funds for', async () => {
    const userId = await processes[0].userWith(10);
    const debit = () => ({ userId, amountMicro: -CREDIT, code: 'refund' as const, idempotencyKey: newId() });
    const calls = times(32).map((index) => ledgerOf(index).post(debit()));
    expect(await outcomes(calls)).toEqual({ accepted: 10, codes: new Set(['insufficient_credits']) });
    expect((await ledgerOf(0).balanceOf(userId)).remainingMicro).toBe(0);
    expect(await isIntact()).toBe(true);
  });

  it('makes one hold of 20 parallel calls with one key', async () => {
    const userId = await processes[0].userWith(10);
    const calls = times(20).map((index) => ledgerOf(index).hold(holdOf(userId, CREDIT, 'one')));
    const ids = new Set((await Promise.all(calls)).map((hold) => hold.id));
    expect(ids.size).toBe(1);
    expect((await ledgerOf(0).balanceOf(userId)).heldMicro).toBe(CREDIT);
  });

  it('posts a grant once out of 20 parallel calls with one key', async () => {
    const userId = newId();
    const input = { userId, amountMicro: CREDIT, reason: 'once', idempotencyKey: 'once' };
    const results = await Promise.all(times(20).map((index) => ledgerOf(index).grant(input)));
    expect(results.filter((result) => !result.isReplay)).toHaveLength(1);
    expect((await ledgerOf(0).balanceOf(userId)).totalMicro).toBe(CREDIT);
  });

  it('lets parallel charges take from one hold exactly what it has', async () => {
    const userId = await processes[0].userWith(10);
    const { id: holdId } = await ledgerOf(0).hold(holdOf(userId, 5 * CREDIT));
    const capture = () => ({
      holdId,
      amountMicro: CREDIT,
      code: 'gpu_usage' as const,
      idempotencyKey: newId(),
    });
    const calls = times(12).map((index) => ledgerOf(index).captureFromHold(capture()));
    expect(await outcomes(calls)).toEqual({ accepted: 5, codes: new Set(['hold_exceeded']) });
    expect(await ledgerOf(0).balanceOf(userId)).toMatchObject({ heldMicro: 0, usedMicro: 5 * CREDIT });
    expect(await isIntact()).toBe(true);
  });

  it('closes a hold once when settling and voiding race', async () => {
    const userId = await processes[0].userWith(10);
    for (const round of times(8)) {
      const { id } = await ledgerOf(round).hold(holdOf(userId, CREDIT));
      const settling = ledgerOf(0).settle(id, CREDIT / 10, { code: 'gpu_usage' });
      const voiding = ledgerOf(1).voidHold(id);
      expect(await outcomes([settling, voiding])).toEqual({ accepted: 1, codes: new Set(['hold_not_open']) });
    }
    expect((await ledgerOf(0).balanceOf(userId)).heldMicro).toBe(0);
    expect(await isIntact()).toBe(true);
  });

  it('keeps one chain while everything happens to one account at once', async () => {
    const userId = await processes[0].userWith(1);
    const { id: holdId } = await ledgerOf(0).hold(holdOf(userId, CREDIT / 2));
    const calls = times(40).map((index) => {
      const ledger = ledgerOf(index);
      const idempotencyKey = newId();
      if (index % 4 === 0) return ledger.grant({ userId, amountMicro: 7, reason: 'mix', idempotencyKey });
      if (index % 4 === 1)
        return ledger.captureFromHold({ holdId, amountMicro: 3, code: 'gpu_usage', idempotencyKey });
      if (index % 4 === 2) return ledger.extendHold(holdId, 5);
      return ledger.hold(holdOf(userId, 2));
    });
    expect((await outcomes(calls)).accepted).toBe(40);
    const account = `user:${userId}`;
    const order = { seq: 'ASC' as const };
    const entries = await database.unitOfWork.manager.find(CreditEntry, { where: { account }, order });
    expect(entries.map((entry) => entry.seq)).toEqual(times(21).map((index) => index + 1));
    expect(await isIntact()).toBe(true);
  });

  it('posts the sign-up credits once under 20 parallel first uses', async () => {
    const generous = [
      await createCredits(database, { signupCreditsMicro: 100 * CREDIT }),
      await createCredits(database, { signupCreditsMicro: 100 * CREDIT }),
    ];
    const userId = newId();
    const calls = times(20).map((index) => {
      const { ledger } = generous[index % 2];
      return index < 10 ? ledger.balanceOf(userId) : ledger.hold(holdOf(userId, CREDIT));
    });
    expect((await outcomes(calls)).accepted).toBe(20);
    expect(await generous[0].ledger.balanceOf(userId)).toMatchObject({
      totalMicro: 100 * CREDIT,
      heldMicro: 10 * CREDIT,
    });
    const account = `user:${userId}`;
    expect(await database.unitOfWork.manager.countBy(CreditTransfer, { account })).toBe(1);
  });

  it('posts the sign-up credits at the first use, also after an operator gave some', async () => {
    const [operator] = processes;
    const userId = await operator.userWith(5);
    expect((await operator.ledger.balanceOf(userId)).totalMicro).toBe(5 * CREDIT);
    const generous = await createCredits(database, { signupCreditsMicro: 100 * CREDIT });
    expect((await generous.ledger.balanceOf(userId)).totalMicro).toBe(105 * CREDIT);
    expect((await generous.ledger.balanceOf(userId)).totalMicro).toBe(105 * CREDIT);
  });

  it('posts none to an account that was used when there were none', async () => {
    const userId = await processes[0].userWith(5);
    await ledgerOf(0).hold(holdOf(userId, 1));
    const generous = await createCredits(database, { signupCreditsMicro: 100 * CREDIT });
    expect((await generous.ledger.balanceOf(userId)).totalMicro).toBe(5 * CREDIT);
  });
});
