import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { CreditsView } from '../../src/credits/credits.view.js';
import { AccountSettings } from '../../src/credits/ledger/account-settings.js';
import { CreditEntry } from '../../src/credits/ledger/entry.entity.js';
import { HoldExpiry } from '../../src/credits/ledger/hold-expiry.js';
import type { HoldRequest } from '../../src/credits/ledger/hold-request.js';
import { CreditHold } from '../../src/credits/ledger/hold.entity.js';
import { LedgerReport } from '../../src/credits/ledger/ledger-report.js';
import { CreditTransfer } from '../../src/credits/ledger/transfer.entity.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, grant, type Credits } from './credits-fixture.js';

onEachDatabase('ledger', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let credits: Credits;

  beforeAll(async () => {
    database = await open();
    credits = await createCredits(database);
  });

  const request = (userId: string, amount: number, changes: Partial<HoldRequest> = {}): HoldRequest => ({
    userId,
    amountMicro: Math.round(amount * CREDIT),
    purpose: 'rental',
    reference: newId(),
    idempotencyKey: newId(),
    ...changes,
  });
  const usage = { code: 'gpu_usage' } as const;
  const view = async (userId: string): Promise<Partial<CreditsView>> => {
    const all = CreditsView.from(await credits.ledger.balanceOf(userId));
    return Object.fromEntries(Object.entries(all).filter(([name]) => !name.endsWith('_micros')));
  };

  it('shows what was granted, held and used', async () => {
    const userId = await credits.userWith(10.5);
    const hold = await credits.ledger.hold(request(userId, 4));
    await credits.ledger.captureFromHold({
      ...usage,
      holdId: hold.id,
      amountMicro: 1.25 * CREDIT,
      idempotencyKey: 'a',
    });
    expect(await view(userId)).toEqual({
      credits_remaining: 6.5,
      credits_total: 10.5,
      credits_overage: 0,
      credits_cap: 0,
      credits_auto_renew: false,
      credits_held: 2.75,
      credits_used: 1.25,
    });
  });

  it('counts usage by calendar month: the next one begins with what is left', async () => {
    const { ledger } = credits;
    const userId = await credits.userWith(10);
    const hold = await ledger.hold(request(userId, 4));
    await ledger.settle(hold.id, 3 * CREDIT, usage);
    credits.clock.advance(31 * 86_400_000);
    expect(await view(userId)).toMatchObject({ credits_total: 7, credits_used: 0, credits_remaining: 7 });
    const next = await ledger.hold(request(userId, 1));
    await ledger.settle(next.id, CREDIT, usage);
    expect(await view(userId)).toMatchObject({ credits_total: 7, credits_used: 1, credits_remaining: 6 });
  });

  it('refuses a hold beyond the funds with what is needed and available', async () => {
    const userId = await credits.userWith(3);
    await expect(credits.ledger.hold(request(userId, 3.000001))).rejects.toMatchObject({
      code: 'insufficient_credits',
      status: 402,
      data: { needed: 3.000001, available: 3 },
    });
    expect(await view(userId)).toMatchObject({ credits_held: 0, credits_remaining: 3 });
  });

  it('allows overage up to the cap', async () => {
    const userId = await credits.userWith(1);
    await credits.get(AccountSettings).setCap(userId, 2 * CREDIT);
    const hold = await credits.ledger.hold(request(userId, 3));
    await credits.ledger.settle(hold.id, 2.5 * CREDIT, usage);
    expect(await view(userId)).toMatchObject({ credits_remaining: 0, credits_overage: 1.5, credits_cap: 2 });
    await expect(credits.ledger.hold(request(userId, 0.6))).rejects.toMatchObject({
      data: { available: 0.5 },
    });
  });

  it('lets what is held be charged after the cap was lowered, and nothing new', async () => {
    const userId = await credits.userWith(1);
    const settings = credits.get(AccountSettings);
    await settings.setCap(userId, 5 * CREDIT);
    const hold = await credits.ledger.hold(request(userId, 4));
    await settings.setCap(userId, 0);
    await expect(credits.ledger.hold(request(userId, 0.1))).rejects.toMatchObject({
      code: 'insufficient_credits',
    });
    await credits.ledger.settle(hold.id, 4 * CREDIT, usage);
    expect(await view(userId)).toMatchObject({ credits_overage: 3, credits_used: 4 });
    await grant(credits.ledger, userId, 5);
    expect(await view(userId)).toMatchObject({ credits_remaining: 2, credits_overage: 0 });
  });

  it('refuses everything new of a frozen account, whatever it has, and charges what is held', async () => {
    const { ledger } = credits;
    const settings = credits.get(AccountSettings);
    const userId = await credits.userWith(10);
    const { id } = await ledger.hold(request(userId, 2));
    await settings.setFrozen(userId, true);
    const refused = { code: 'account_frozen' };
    await expect(ledger.hold(request(userId, 1))).rejects.toMatchObject(refused);
    const debit = { userId, amountMicro: -CREDIT, code: 'refund', idempotencyKey: newId() } as const;
    await expect(ledger.post(debit)).rejects.toMatchObject(refused);
    expect(await ledger.extendHold(id, 1)).toBe(false);
    await ledger.settle(id, CREDIT, usage);
    expect(await view(userId)).toMatchObject({ credits_held: 0, credits_used: 1, credits_remaining: 9 });
    await settings.setFrozen(userId, false);
    await ledger.hold(request(userId, 9));
  });

  describe('holds', () => {
    it('charge in parts, extend, and free the rest when settled', async () => {
      const { ledger } = credits;
      const userId = await credits.userWith(10);
      const { id } = await ledger.hold(request(userId, 2));
      await ledger.captureFromHold({ ...usage, holdId: id, amountMicro: CREDIT, idempotencyKey: '1' });
      expect(await ledger.extendHold(id, 3 * CREDIT)).toBe(true);
      expect(await view(userId)).toMatchObject({ credits_held: 4, credits_remaining: 5 });
      expect(await ledger.extendHold(id, 5.5 * CREDIT)).toBe(false);
      expect(await view(userId)).toMatchObject({ credits_held: 4, credits_remaining: 5 });
      await ledger.settle(id, 2 * CREDIT, usage);
      expect(await view(userId)).toMatchObject({ credits_held: 0, credits_used: 3, credits_remaining: 7 });
    });

    it('never charge more than they have left', async () => {
      const userId = await credits.userWith(10);
      const { id } = await credits.ledger.hold(request(userId, 2));
      await expect(credits.ledger.settle(id, 2 * CREDIT + 1, usage)).rejects.toMatchObject({
        code: 'hold_exceeded',
      });
      expect(await view(userId)).toMatchObject({ credits_held: 2, credits_used: 0 });
    });

    it('close once', async () => {
      const { ledger } = credits;
      const userId = await credits.userWith(10);
      const { id } = await ledger.hold(request(userId, 2));
      await ledger.settle(id, CREDIT, usage);
      await ledger.settle(id, CREDIT, usage);
      await expect(ledger.settle(id, 0, usage)).rejects.toMatchObject({ code: 'hold_not_open' });
      await expect(ledger.voidHold(id)).rejects.toMatchObject({ code: 'hold_not_open' });
      await expect(ledger.extendHold(id, 1)).rejects.toMatchObject({ code: 'hold_not_open' });
      expect(await view(userId)).toMatchObject({ credits_held: 0, credits_used: 1, credits_remaining: 9 });
    });

    it('are freed when voided, as often as asked', async () => {
      const userId = await credits.userWith(10);
      const { id } = await credits.ledger.hold(request(userId, 2));
      await credits.ledger.voidHold(id);
      await credits.ledger.voidHold(id);
      expect(await view(userId)).toMatchObject({ credits_held: 0, credits_remaining: 10 });
      await expect(credits.ledger.voidHold(newId())).rejects.toMatchObject({
        code: 'hold_not_found',
        status: 404,
      });
    });

    it('expire when their lease is over, and others do not', async () => {
      const userId = await credits.userWith(10);
      const leaseUntil = credits.clock.now() + 1000;
      const leased = await credits.ledger.hold(request(userId, 2, { leaseUntil }));
      await credits.ledger.hold(request(userId, 3));
      const expiry = credits.get(HoldExpiry);
      await expiry.expireDue(new AbortController().signal);
      expect(await view(userId)).toMatchObject({ credits_held: 5 });
      credits.clock.advance(1001);
      await expiry.expireDue(new AbortController().signal);
      expect(await view(userId)).toMatchObject({ credits_held: 3 });
      await expect(credits.ledger.settle(leased.id, 1, usage)).rejects.toMatchObject({
        code: 'hold_not_open',
      });
    });
  });

  describe('idempotency', () => {
    it('gives the first hold for the same key and input, and refuses another input', async () => {
      const userId = await credits.userWith(10);
      const first = request(userId, 2);
      const { id } = await credits.ledger.hold(first);
      expect((await credits.ledger.hold(first)).id).toBe(id);
      await expect(credits.ledger.hold({ ...first, amountMicro: 1 })).rejects.toMatchObject({
        code: 'idempotency_mismatch',
        status: 422,
      });
      expect(await view(userId)).toMatchObject({ credits_held: 2 });
    });

    it('posts a grant once per key; keys belong to a user', async () => {
      const { ledger } = credits;
      const [one, other] = [newId(), newId()];
      const input = { userId: one, amountMicro: 5 * CREDIT, reason: 'welcome', idempotencyKey: 'same' };
      expect(await ledger.grant(input)).toMatchObject({ isReplay: false });
      expect(await ledger.grant({ ...input, reason: 'again' })).toMatchObject({ isReplay: true });
      await expect(ledger.grant({ ...input, amountMicro: 1 })).rejects.toMatchObject({
        code: 'idempotency_mismatch',
      });
      await ledger.grant({ ...input, userId: other });
      expect((await view(one)).credits_total).toBe(5);
      expect((await view(other)).credits_total).toBe(5);
    });
  });

  describe('forced debits', () => {
    const chargeback = (userId: string, amount: number) =>
      credits.ledger.post({
        userId,
        amountMicro: -amount * CREDIT,
        code: 'chargeback',
        idempotencyKey: newId(),
      });

    it('within the funds only take them', async () => {
      const userId = await credits.userWith(10);
      await chargeback(userId, 4);
      const balance = await credits.ledger.balanceOf(userId);
      expect(balance).toMatchObject({ isFrozen: false, forcedDebtMicro: 0, remainingMicro: 6 * CREDIT });
      expect(balance.totalMicro).toBe(6 * CREDIT);
    });

    it('beyond the floor leave a debt, freeze, and are paid first', async () => {
      const userId = await credits.userWith(10);
      const hold = await credits.ledger.hold(request(userId, 4));
      await chargeback(userId, 9);
      const indebted = await credits.ledger.balanceOf(userId);
      expect(indebted).toMatchObject({
        isFrozen: true,
        forcedDebtMicro: 3 * CREDIT,
        overageMicro: 3 * CREDIT,
      });
      await expect(credits.ledger.hold(request(userId, 0))).rejects.toMatchObject({
        code: 'account_frozen',
        status: 403,
      });
      await credits.ledger.settle(hold.id, 4 * CREDIT, usage);
      await grant(credits.ledger, userId, 2);
      expect(await credits.ledger.balanceOf(userId)).toMatchObject({
        forcedDebtMicro: CREDIT,
        overageMicro: CREDIT,
      });
      await credits.get(AccountSettings).setFrozen(userId, false);
      await grant(credits.ledger, userId, 2);
      expect(await credits.ledger.balanceOf(userId)).toMatchObject({
        forcedDebtMicro: 0,
        remainingMicro: CREDIT,
      });
      await credits.ledger.hold(request(userId, 1));
    });

    it('are for few reasons: a refund takes no more than there is', async () => {
      const userId = await credits.userWith(1);
      const refund = { userId, amountMicro: -2 * CREDIT, code: 'refund' as const, idempotencyKey: newId() };
      await expect(credits.ledger.post(refund)).rejects.toMatchObject({ code: 'insufficient_credits' });
    });
  });

  it.each([
    ['grant', -1],
    ['gpu_usage', 1],
    ['grant', 0],
    ['grant', 0.5],
    ['grant', Number.NaN],
  ] as const)('refuses to post a %s of %s', async (code, amountMicro) => {
    const posting = { userId: newId(), amountMicro, code, idempotencyKey: newId() };
    await expect(credits.ledger.post(posting)).rejects.toThrow(RangeError);
  });

  it('leaves no trace of what it refused', async () => {
    const userId = await credits.userWith(1);
    await credits.ledger.hold(request(userId, 5)).catch(() => undefined);
    const { manager } = database.unitOfWork;
    expect(await manager.countBy(CreditHold, { userId })).toBe(0);
    const debit = { userId, amountMicro: -5 * CREDIT, code: 'refund' as const, idempotencyKey: 'x' };
    await credits.ledger.post(debit).catch(() => undefined);
    expect(await manager.countBy(CreditTransfer, { account: `user:${userId}` })).toBe(1);
    expect(await manager.countBy(CreditEntry, { account: `user:${userId}` })).toBe(1);
  });

  it('adds up', async () => {
    const overview = await credits.get(LedgerReport).overview();
    const platform = Object.values(overview.platformMicro).reduce((sum, amount) => sum + amount, 0);
    expect(overview.postedMicro + platform).toBe(0);
    expect(overview.accounts).toBeGreaterThan(10);
    expect(await credits.verifier.verify()).toMatchObject({ isIntact: true, accounts: overview.accounts });
  });
});
