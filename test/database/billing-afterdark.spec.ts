import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProbeClient } from '../../src/egress/probe.client.js';
import { onEachDatabase } from '../support/databases.js';
import { FakeAfterDark } from '../support/fake-afterdark.js';
import { BillingApp, type Customer, type Transaction } from './billing-fixture.js';

const AFTERDARK = { currency: 'USD', provider: 'afterdark' };
const MINUTE_MS = 60_000;

onEachDatabase('payments through AfterDark', { entities: [] }, (open) => {
  let billing: BillingApp;
  let fake: FakeAfterDark;
  let customer: Customer;

  const start = async (settings: Record<string, string> = {}): Promise<void> => {
    fake = await FakeAfterDark.start(() => billing.clock.now());
    billing = await BillingApp.start((await open()).config, { ...fake.settings, ...settings });
  };
  const stop = async (): Promise<void> => {
    await billing.close();
    await fake.close();
  };
  beforeEach(async () => {
    customer = await billing.customer();
    // The breaker has forgotten the test before.
    billing.clock.advance(2 * MINUTE_MS);
  });

  const order = async (amount: number | string = 50): Promise<Transaction> =>
    (await billing.pay(customer, { ...AFTERDARK, amount })).body.transaction;

  const callBack = async (body: object | string, signature?: string): Promise<number> => {
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${billing.url}/api/v1/billing/webhooks/afterdark`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-afterdark-signature': signature ?? fake.sign(payload),
      },
      body: payload,
    });
    await billing.handleCallbacks();
    return answer.status;
  };

  const news = ({ id }: Transaction, changes: object = {}): object => ({
    transaction_id: fake.transactionOf(id),
    reference: id,
    status: 'completed',
    amount: 50,
    currency: 'USD',
    ...changes,
  });

  const statusOf = async ({ id }: Transaction): Promise<string> =>
    (await billing.transaction(customer, id)).status;

  describe('by the book', () => {
    beforeAll(() => start());
    afterAll(() => stop());

    it('are ordered with the amount in both forms and our key in both places, without a card', async () => {
      const answer = await billing.pay(
        customer,
        { ...AFTERDARK, amount: 19.9, return_url: 'https://shop.example/back' },
        { 'x-preferred-payment': 'card:tok_visa', 'x-billing': 'AfterDark' },
      );
      expect(answer.status).toBe(201);
      const { transaction } = answer.body;
      expect(transaction).toMatchObject({
        status: 'pending',
        payment_provider: 'afterdark',
        external_id: fake.transactionOf(transaction.id),
      });
      expect(fake.orders.at(-1)).toEqual({
        amount: 19.9,
        amount_minor: 1990,
        currency: 'USD',
        reference: transaction.id,
        idempotency_key: `pay:${transaction.id}`,
        return_url: 'https://shop.example/back',
        payment_method: { type: 'card', token: 'tok_visa' },
      });
      expect(fake.keys.at(-1)).toBe(`pay:${transaction.id}`);
      expect(await billing.credits(customer)).toBe(0);
    });

    it('are credited by a signed call-back, once', async () => {
      const transaction = await order();
      expect(await callBack(news(transaction))).toBe(200);
      expect(await callBack(news(transaction))).toBe(200);
      expect(await callBack(news(transaction, { status: 'paid' }))).toBe(200);
      expect(await statusOf(transaction)).toBe('completed');
      expect(await billing.credits(customer)).toBe(50);
    });

    it.each<[string, object]>([
      ['another amount', { amount: 49.99 }],
      ['a hundred times the amount', { amount: 5000 }],
      ['no amount', { amount: undefined }],
      ['an amount with exponent', { amount: '5e1' }],
      ['another currency', { currency: 'EUR' }],
      ['no currency', { currency: undefined }],
      ['another transaction', { transaction_id: 'ad-other' }],
    ])('are not credited with %s; somebody is told', async (_, changes) => {
      const transaction = await order();
      const before = billing.alerts.length;
      expect(await callBack(news(transaction, changes))).toBe(200);
      expect(await statusOf(transaction)).toBe('pending');
      expect(await billing.credits(customer)).toBe(0);
      expect(billing.alerts.slice(before)).toEqual(['evidence_mismatch']);
    });

    it('that are none of ours are reported', async () => {
      const before = billing.alerts.length;
      await callBack({ ...news({ id: 'x' } as Transaction), reference: 'nothing' });
      expect(billing.alerts.slice(before)).toEqual(['foreign_payment']);
    });

    it.each<[string, (payload: string) => string]>([
      ['another secret', (payload) => fake.sign(payload, { secret: 'guess' })],
      ['301 s old', (payload) => fake.sign(payload, { skewSeconds: -301 })],
      ['301 s ahead', (payload) => fake.sign(payload, { skewSeconds: 301 })],
      ['another text', (payload) => fake.sign(`${payload} `)],
      ['two times', (payload) => `t=1,${fake.sign(payload)}`],
      ['nothing in it', () => ''],
    ])('are not credited by a call-back signed with %s', async (_, sign) => {
      const transaction = await order();
      const payload = JSON.stringify(news(transaction));
      expect(await callBack(payload, sign(payload))).toBe(400);
      expect(await billing.credits(customer)).toBe(0);
    });

    it.each([
      ['failed', 'failed'],
      ['declined', 'failed'],
      ['canceled', 'canceled'],
      ['processing', 'pending'],
    ])('are told %s and become %s', async (word, status) => {
      const transaction = await order();
      await callBack(news(transaction, { status: word }));
      expect(await statusOf(transaction)).toBe(status);
    });

    it('with a status that nobody knows stay pending, and somebody is told', async () => {
      const transaction = await order();
      const before = billing.alerts.length;
      await callBack(news(transaction, { status: 'frobnicated' }));
      expect(await statusOf(transaction)).toBe('pending');
      expect(billing.alerts.slice(before)).toEqual(['unknown_provider_status']);
    });

    it('are credited though they had seemed to fail', async () => {
      fake.plan({ kind: 'html' });
      const transaction = await order();
      expect(transaction).toMatchObject({ status: 'failed', detail: 'bad_provider_answer' });
      await callBack(news(transaction));
      expect(await statusOf(transaction)).toBe('completed');
    });

    it('do not believe the answer to the order', async () => {
      fake.plan({
        kind: 'answer',
        body: { transaction_id: 'ad-sync', status: 'completed', amount: 50, currency: 'USD' },
      });
      const transaction = await order();
      expect(transaction).toMatchObject({ status: 'pending', external_id: 'ad-sync' });
      expect(await billing.credits(customer)).toBe(0);
    });

    it.each([
      ['html', { kind: 'html' } as const],
      ['ten megabytes', { kind: 'huge' } as const],
      ['no transaction', { kind: 'answer', body: { ok: true } } as const],
      ['a list', { kind: 'answer', body: [] } as const],
      ['a path for an id', { kind: 'answer', body: { transaction_id: '../admin' } } as const],
      [
        'a redirect to the metadata service',
        { kind: 'status', status: 302, location: 'http://169.254.169.254/' } as const,
      ],
    ])('answered with %s fail', async (_, fault) => {
      fake.plan(fault);
      expect(await order()).toMatchObject({
        status: 'failed',
        detail: 'bad_provider_answer',
        external_id: null,
      });
    });

    it.each([
      [402, 'declined'],
      [400, 'provider_refused'],
    ])('answered with %d fail, without the words of AfterDark', async (status, detail) => {
      fake.plan({ kind: 'status', status });
      const { body } = await billing.pay(customer, { ...AFTERDARK, amount: 50 });
      expect(body.transaction).toMatchObject({ status: 'failed', detail });
      expect(JSON.stringify(body)).not.toContain('their own words');
    });

    it.each([408, 429, 500, 503])('answered with %d are ordered again under the same key', async (status) => {
      fake.plan({ kind: 'status', status }, { kind: 'status', status });
      const before = fake.keys.length;
      const transaction = await order();
      expect(transaction.status).toBe('pending');
      expect(fake.keys.slice(before)).toEqual(Array(3).fill(`pay:${transaction.id}`));
    });

    it('whose answer is lost are not ordered again', async () => {
      fake.plan({ kind: 'drop_after' });
      const before = fake.orders.length;
      const transaction = await order();
      expect(transaction).toMatchObject({ status: 'pending', external_id: null });
      expect(fake.orders.length).toBe(before + 1);
      await callBack(news(transaction));
      expect(await billing.credits(customer)).toBe(50);
    });

    it.each([
      ['stops in the middle', { kind: 'slow', ms: 2000 } as const],
      ['does not begin', { kind: 'delay', ms: 2000 } as const],
    ])('whose answer %s count as lost after ten seconds', async (_, fault) => {
      const asked: number[] = [];
      const post = ProbeClient.prototype.post;
      const hasty = vi.spyOn(ProbeClient.prototype, 'post').mockImplementation(function (
        this: ProbeClient,
        url,
        json,
        options,
      ) {
        asked.push(options.timeoutMs);
        return post.call(this, url, json, { ...options, timeoutMs: 150 });
      });
      fake.plan(fault);
      const before = fake.orders.length;
      const transaction = await order();
      hasty.mockRestore();
      expect(asked).toEqual([10_000]);
      expect(transaction).toMatchObject({ status: 'pending', external_id: null });
      expect(fake.orders.length).toBe(before + 1);
      await callBack(news(transaction));
      expect(await statusOf(transaction)).toBe('completed');
    });

    it('with the same transaction as another payment are refused', async () => {
      fake.plan(
        { kind: 'answer', body: { transaction_id: 'ad-twice' } },
        { kind: 'answer', body: { transaction_id: 'ad-twice' } },
      );
      const before = billing.alerts.length;
      const [first, second] = [await order(), await order()];
      expect(first.status).toBe('pending');
      expect(second).toMatchObject({ status: 'failed', detail: 'duplicate_transaction' });
      expect(billing.alerts.slice(before)).toEqual(['duplicate_transaction']);
    });

    it('that nobody decides are reported after a day, once, and stay open', async () => {
      const transaction = await order();
      const before = billing.alerts.length;
      for (let day = 0; day < 3; day += 1) {
        billing.clock.advance(25 * 60 * MINUTE_MS);
        await billing.runJob('billing.payment-poll');
      }
      expect(
        billing.alerts.slice(before).filter((alert) => alert === 'payment_undecided').length,
      ).toBeGreaterThan(0);
      expect(await statusOf(transaction)).toBe('pending');
      const after = billing.alerts.length;
      billing.clock.advance(25 * 60 * MINUTE_MS);
      await billing.runJob('billing.payment-poll');
      expect(billing.alerts.length).toBe(after);
    });

    it('pause after five failures within thirty seconds', async () => {
      fake.plan(...Array.from({ length: 6 }, () => ({ kind: 'status', status: 500 }) as const));
      await order();
      await order();
      const answer = await billing.pay(customer, { ...AFTERDARK, amount: 50 });
      expect([answer.status, answer.body.code]).toEqual([503, 'payment_provider_unavailable']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      billing.clock.advance(31_000);
      expect((await order()).status).toBe('pending');
    });

    it.each(['card:saved', 'card:checkout'])('refuse %s', async (preference) => {
      const answer = await billing.pay(
        customer,
        { ...AFTERDARK, amount: 5 },
        { 'x-preferred-payment': preference },
      );
      expect([answer.status, answer.body.code]).toEqual([422, 'payment_conflict']);
    });

    it('cannot be refunded from here, nor keep a card', async () => {
      const transaction = await order();
      await callBack(news(transaction));
      const refund = await billing.refund(await billing.customer(true), transaction.id, { reason: 'r' });
      expect([refund.status, refund.body.code]).toEqual([422, 'refund_not_supported']);
      const saving = await customer.api.post<{ code: string }>('/api/v1/billing/methods', {
        provider: 'afterdark',
      });
      expect([saving.status, saving.body.code]).toEqual([422, 'saving_not_supported']);
    });
  });

  describe('with a status to ask for', () => {
    beforeAll(() =>
      start({ AFTERDARK_STATUS_PATH: '/transactions/{id}', AFTERDARK_AMOUNT_FORMAT: 'string' }),
    );
    afterAll(() => stop());

    it('are ordered with the amount as text, and credited when asked about', async () => {
      const transaction = await order('50');
      expect(fake.orders.at(-1)?.amount).toBe('50.00');
      fake.transactions.set(fake.transactionOf(transaction.id), news(transaction, { amount: '50.00' }));
      billing.clock.advance(6 * MINUTE_MS);
      await billing.runJob('billing.payment-poll');
      expect(await statusOf(transaction)).toBe('completed');
      await callBack(news(transaction));
      expect(await billing.credits(customer)).toBe(50);
    });

    it.each<[string, object]>([
      ['another amount', { amount: 1 }],
      ['another id', { transaction_id: 'ad-other' }],
      ['another reference', { reference: 'other' }],
    ])('are not credited with %s', async (_, changes) => {
      const transaction = await order();
      fake.transactions.set(fake.transactionOf(transaction.id), news(transaction, changes));
      billing.clock.advance(6 * MINUTE_MS);
      await billing.runJob('billing.payment-poll');
      expect(await billing.credits(customer)).toBe(0);
    });
  });

  describe('with trust in the first answer', () => {
    beforeAll(() => start({ AFTERDARK_TRUST_SYNC: 'true' }));
    afterAll(() => stop());

    it('are credited at once, and not again by a call-back', async () => {
      fake.plan({ kind: 'answer', body: { transaction_id: 'ad-1', status: 'completed' } });
      const transaction = await order();
      expect(transaction.status).toBe('completed');
      await callBack(news(transaction, { transaction_id: 'ad-1' }));
      expect(await billing.credits(customer)).toBe(50);
    });

    it('are still not credited for another amount', async () => {
      fake.plan({
        kind: 'answer',
        body: { transaction_id: 'ad-2', status: 'completed', amount: 1, currency: 'USD' },
      });
      await order();
      expect(await billing.credits(customer)).toBe(0);
    });
  });
});
