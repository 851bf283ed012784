import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AutoRenewController } from '../../src/credits/auto-renew/auto-renew.controller.js';
import { AutoRenewRules, type DueRenewal } from '../../src/credits/auto-renew/auto-renew-rules.service.js';
import { AccountSettings } from '../../src/credits/ledger/account-settings.js';
import { onEachDatabase } from '../support/databases.js';
import { createCreditsApp, type CreditsApp } from './credits-app.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

const RULE = { enabled: true, trigger: 'threshold', threshold: 5, amount: 20, monthly_limit: 50 };
const DAY = 86_400_000;

onEachDatabase('automatic renewal', CREDITS_SCHEMA, (open) => {
  let app: CreditsApp;
  let credits: Credits;
  let userId: string;

  beforeAll(async () => {
    credits = await createCredits(await open());
    app = await createCreditsApp(credits, {
      controllers: [AutoRenewController],
      services: [AutoRenewRules],
      caller: () => ({ userId }),
    });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    userId = await credits.userWith(10);
  });

  const put = (body: object | string) => app.send('PUT', '/credits/auto-renew', body);

  describe('as the user sets it', () => {
    it('is off until it is set', async () => {
      const { status, body } = await app.send('GET', '/credits/auto-renew');
      expect(status).toBe(200);
      expect(body).toEqual({
        enabled: false,
        trigger: null,
        threshold: null,
        amount: null,
        monthly_limit: null,
        payment_method: null,
        renewed_this_month: 0,
      });
    });

    it('is stored and shown', async () => {
      const set = await put({ ...RULE, amount: '19.99', payment_method: 'pm_1' });
      const expected = {
        enabled: true,
        trigger: 'threshold',
        threshold: 5,
        amount: 19.99,
        monthly_limit: 50,
        payment_method: 'pm_1',
        renewed_this_month: 0,
      };
      expect([set.status, set.body]).toEqual([200, expected]);
      expect((await app.send('GET', '/credits/auto-renew')).body).toEqual(expected);
      expect((await credits.ledger.balanceOf(userId)).hasAutoRenew).toBe(true);
    });

    it('can be switched off with one word, and keeps its values', async () => {
      await put(RULE);
      expect((await put({ enabled: false })).body).toMatchObject({ enabled: false, amount: 20 });
      expect((await credits.ledger.balanceOf(userId)).hasAutoRenew).toBe(false);
    });

    it.each([
      [{ ...RULE, amount: 1.005 }, 'amount'],
      [{ ...RULE, amount: -1 }, 'amount'],
      [{ ...RULE, amount: 'NaN' }, 'amount'],
      [{ ...RULE, amount: '1e3' }, 'amount'],
      [{ ...RULE, amount: 0 }, 'amount'],
      [{ ...RULE, amount: 10_000_000 }, 'amount'],
      [{ ...RULE, threshold: -0.01 }, 'threshold'],
      [{ ...RULE, threshold: undefined }, 'threshold'],
      [{ ...RULE, monthly_limit: 19.99 }, 'monthly_limit'],
      [{ ...RULE, monthly_limit: [50] }, 'monthly_limit'],
      [{ ...RULE, trigger: 'weekly' }, 'trigger'],
      [{ ...RULE, payment_method: '' }, 'payment_method'],
      [{ ...RULE, often: true }, 'often'],
      [{}, 'enabled'],
    ])('is refused as %j, naming %s', async (body, field) => {
      const answer = await put(body);
      expect(answer.status).toBe(422);
      const errors = expect.arrayContaining([expect.objectContaining({ field })]) as unknown;
      expect(answer.body).toMatchObject({ code: 'invalid_input', errors });
    });
  });

  describe('is due', () => {
    const due = async (): Promise<DueRenewal | undefined> => {
      const all = await credits.get(AutoRenewRules).due(credits.clock.now());
      return all.find((renewal) => renewal.userId === userId);
    };
    const renew = async (): Promise<void> => {
      const renewal = await due();
      if (!renewal) throw new Error('nothing is due');
      const { amountMicro, idempotencyKey } = renewal;
      await credits.ledger.post({ userId, amountMicro, code: 'renewal', idempotencyKey });
    };
    const spend = (amount: number): Promise<unknown> =>
      credits.ledger.post({
        userId,
        amountMicro: -amount * CREDIT,
        code: 'refund',
        idempotencyKey: `spend:${credits.clock.now()}:${amount}`,
      });

    it('when less than the threshold is available', async () => {
      await put(RULE);
      expect(await due()).toBeUndefined();
      await spend(5);
      expect(await due()).toBeUndefined();
      await spend(0.000001);
      expect(await due()).toMatchObject({ userId, amountMicro: 20 * CREDIT, paymentMethod: null });
    });

    it('when what is held leaves less than the threshold', async () => {
      await put(RULE);
      const hold = { userId, amountMicro: 6 * CREDIT, purpose: 'rental' as const, reference: 'r' };
      await credits.ledger.hold({ ...hold, idempotencyKey: 'h' });
      expect(await due()).toBeDefined();
    });

    it('under one key until it is posted, then under another', async () => {
      await put(RULE);
      await spend(9);
      const first = await due();
      expect(await due()).toEqual(first);
      await renew();
      expect(await due()).toBeUndefined();
      await spend(18);
      expect((await due())?.idempotencyKey).not.toBe(first?.idempotencyKey);
    });

    it('no further than the month’s limit, and again next month', async () => {
      await put(RULE);
      for (let renewal = 0; renewal < 2; renewal++) {
        await spend(9 + renewal * 12);
        await renew();
      }
      await spend(20);
      expect(await due()).toBeUndefined();
      expect((await app.send('GET', '/credits/auto-renew')).body).toMatchObject({ renewed_this_month: 40 });
      credits.clock.advance(31 * DAY);
      expect(await due()).toBeDefined();
    });

    it('once a month with the trigger interval', async () => {
      await put({ ...RULE, trigger: 'interval' });
      await renew();
      await spend(29);
      expect(await due()).toBeUndefined();
      credits.clock.advance(31 * DAY);
      expect(await due()).toBeDefined();
    });

    it('never for a frozen account, nor when it is switched off', async () => {
      await put(RULE);
      await spend(9);
      await credits.get(AccountSettings).setFrozen(userId, true);
      expect(await due()).toBeUndefined();
      await credits.get(AccountSettings).setFrozen(userId, false);
      expect(await due()).toBeDefined();
      await put({ enabled: false });
      expect(await due()).toBeUndefined();
    });
  });
});
