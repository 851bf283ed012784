import { afterAll, beforeAll, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer, type Transaction } from './billing-fixture.js';

const REFUND = /^POST \/v1\/refunds$/;

onEachDatabase('refunds', { entities: [] }, (open) => {
  let billing: BillingApp;
  let admin: Customer;
  let jo: Customer;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
    admin = await billing.customer(true);
    jo = await billing.customer();
  });
  afterAll(() => billing.close());

  async function paidBy(amount = 50): Promise<{ customer: Customer; payment: Transaction }> {
    const customer = await billing.customer();
    return { customer, payment: await billing.paid(customer, amount) };
  }

  it('give all of a payment back and take the credits', async () => {
    const { customer, payment } = await paidBy();
    const answer = await billing.refund(admin, payment.id, { reason: 'asked for' });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      refund: { status: 'succeeded', amount: 50 },
      transaction: { status: 'refunded', refunded: 50 },
    });
    expect([...billing.stripe.books.refunds.values()].at(-1)).toMatchObject({ amount: 5000 });
    expect(await billing.credits(customer)).toBe(0);
  });

  it('in two parts, with every event of both again and again, take each amount once', async () => {
    const { customer, payment } = await paidBy();
    const first = await billing.refund(admin, payment.id, { amount: 12.34, reason: 'a part' });
    expect(first.body.transaction).toMatchObject({ status: 'partially_refunded', refunded: 12.34 });
    await billing.deliverAll();
    const second = await billing.refund(admin, payment.id, { amount: 20, reason: 'another part' });
    expect(second.body.transaction).toMatchObject({ status: 'partially_refunded', refunded: 32.34 });
    await billing.deliverAll();
    await billing.deliver(...billing.stripe.webhooks.events.toReversed());
    expect(await billing.credits(customer)).toBe(17.66);
    expect(await billing.transaction(customer, payment.id)).toMatchObject({ refunded: 32.34 });
  });

  it.each([
    ['more than was paid', { amount: 50.01, reason: 'r' }, 409, 'not_refundable'],
    ['three decimals', { amount: 1.001, reason: 'r' }, 422, 'invalid_input'],
    ['no reason', { amount: 1 }, 422, 'invalid_input'],
    ['an unknown field', { reason: 'r', to: 'me' }, 422, 'invalid_input'],
  ])('refuse %s', async (_, body, status, code) => {
    const { payment } = await paidBy();
    const answer = await billing.refund(admin, payment.id, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('are for administrators', async () => {
    const { payment, customer } = await paidBy();
    const answer = await billing.refund(customer, payment.id, { reason: 'r' });
    expect([answer.status, answer.body.code]).toEqual([403, 'admin_required']);
    const unknown = await billing.refund(admin, 'nothing', { reason: 'r' });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'payment_not_found']);
  });

  it('refuse what was never paid', async () => {
    const { body } = await billing.pay(jo);
    const answer = await billing.refund(admin, body.transaction.id, { reason: 'r' });
    expect([answer.status, answer.body.code]).toEqual([409, 'not_refundable']);
  });

  it('refuse credits that are spent, unless forced; the debt freezes the account', async () => {
    const { customer, payment } = await paidBy();
    await billing.spend(customer, 30);
    const refused = await billing.refund(admin, payment.id, { reason: 'r' });
    expect([refused.status, refused.body.code]).toEqual([409, 'credits_spent']);
    expect(refused.body).toMatchObject({ available: 20 });
    expect(await billing.transaction(customer, payment.id)).toMatchObject({
      status: 'completed',
      refunded: 0,
    });
    const allowed = await billing.refund(admin, payment.id, { amount: 20, reason: 'r' });
    expect(allowed.status).toBe(201);
    const forced = await billing.refund(admin, payment.id, { reason: 'r', force: true });
    expect(forced.body.transaction).toMatchObject({ status: 'refunded' });
    expect(await billing.credits(customer)).toBe(-30);
    expect(await billing.isFrozen(customer)).toBe(true);
  });

  it('that fail later give the credits back, once', async () => {
    const { customer, payment } = await paidBy();
    const { body } = await billing.refund(admin, payment.id, { amount: 20, reason: 'r' });
    const refund = [...billing.stripe.books.refunds.values()].find(
      ({ metadata }) => metadata?.refund_id === body.refund.id,
    );
    if (!refund) throw new Error('no refund');
    billing.stripe.books.failRefund(refund);
    await billing.deliverAll();
    await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
    expect(await billing.credits(customer)).toBe(50);
    expect(await billing.transaction(customer, payment.id)).toMatchObject({
      status: 'completed',
      refunded: 0,
    });
  });

  it('that Stripe refuses give the credits back at once', async () => {
    const { customer, payment } = await paidBy();
    billing.stripe.intentOf(payment.id).status = 'processing';
    const { body } = await billing.refund(admin, payment.id, { reason: 'r' });
    expect(body).toMatchObject({
      refund: { status: 'failed' },
      transaction: { status: 'completed', refunded: 0 },
    });
    expect(await billing.credits(customer)).toBe(50);
  });

  it('whose answer is lost pay once', async () => {
    const { customer, payment } = await paidBy();
    const before = billing.stripe.books.refunds.size;
    billing.stripe.faults.plan({ kind: 'drop_after', route: REFUND, times: 3 });
    const { body } = await billing.refund(admin, payment.id, { amount: 20, reason: 'r' });
    expect(body.refund.status).toBe('pending');
    expect(await billing.credits(customer)).toBe(30);
    billing.clock.advance(6 * 60_000);
    await billing.runJob('billing.refund-poll');
    expect(billing.stripe.books.refunds.size).toBe(before + 1);
    expect(await billing.credits(customer)).toBe(30);
    await billing.deliverAll();
    expect(await billing.credits(customer)).toBe(30);
  });

  it('with an Idempotency-Key are made once', async () => {
    const { customer, payment } = await paidBy();
    const body = { amount: 10, reason: 'r' };
    const first = await billing.refund(admin, payment.id, body, 'r-1');
    const again = await billing.refund(admin, payment.id, body, 'r-1');
    expect(again.body).toEqual(first.body);
    expect(await billing.credits(customer)).toBe(40);
  });

  it('ten at the same time never give back more than was paid', async () => {
    const { customer, payment } = await paidBy();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => billing.refund(admin, payment.id, { amount: 20, reason: 'r' })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(await billing.credits(customer)).toBe(10);
  });

  it('made by hand at Stripe take the credits, spent or not, and only once', async () => {
    const { customer, payment } = await paidBy();
    await billing.spend(customer, 40);
    billing.stripe.books.createRefund({ payment_intent: payment.external_id ?? '', amount: '2000' });
    await billing.deliverAll();
    await billing.deliverAll();
    expect(await billing.credits(customer)).toBe(-10);
    expect(await billing.transaction(customer, payment.id)).toMatchObject({
      status: 'partially_refunded',
      refunded: 20,
    });
  });

  it('that come before the news of the payment itself credit it first', async () => {
    const customer = await billing.customer();
    const { body } = await billing.pay(customer);
    billing.stripe.confirmAsPayer(body.transaction.id);
    const intent = billing.stripe.intentOf(body.transaction.id);
    billing.stripe.books.createRefund({ payment_intent: intent.id, amount: '1000' });
    const refundEvents = billing.stripe.webhooks.events
      .filter(({ type }) => type.includes('refund'))
      .slice(-2);
    await billing.deliver(...refundEvents);
    expect(await billing.credits(customer)).toBe(40);
  });

  it('leave a ledger that adds up', async () => {
    expect(await billing.verifyLedger()).toMatchObject({ isIntact: true });
  });
});
