import { afterAll, beforeAll, expect, it } from 'vitest';
import { AccountSettings } from '../../src/credits/ledger/account-settings.js';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer, type Transaction } from './billing-fixture.js';

onEachDatabase('disputes', { entities: [] }, (open) => {
  let billing: BillingApp;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
  });
  afterAll(() => billing.close());

  async function paidBy(amount = 50): Promise<{ customer: Customer; payment: Transaction }> {
    const customer = await billing.customer();
    return { customer, payment: await billing.paid(customer, amount) };
  }

  const freshEvents = async (act: () => void): Promise<void> => {
    const before = billing.stripe.webhooks.events.length;
    act();
    await billing.deliver(...billing.stripe.webhooks.events.slice(before));
  };

  it('take the credits and freeze the account, once for all their events', async () => {
    const { customer, payment } = await paidBy();
    await billing.spend(customer, 10);
    billing.stripe.books.openDispute(payment.external_id ?? '');
    await billing.deliverAll();
    await billing.deliver(...billing.stripe.webhooks.events.toReversed());
    expect(await billing.credits(customer)).toBe(-10);
    expect(await billing.isFrozen(customer)).toBe(true);
    expect(await billing.transaction(customer, payment.id)).toMatchObject({ status: 'disputed' });
    expect(billing.alerts).toContain('dispute_opened');
  });

  it('that are won give everything back', async () => {
    const { customer, payment } = await paidBy();
    await billing.spend(customer, 10);
    const dispute = billing.stripe.books.openDispute(payment.external_id ?? '');
    await billing.deliverAll();
    await freshEvents(() => billing.stripe.books.closeDispute(dispute, 'won'));
    await billing.deliverAll();
    expect(await billing.credits(customer)).toBe(40);
    expect(await billing.isFrozen(customer)).toBe(false);
    expect(await billing.transaction(customer, payment.id)).toMatchObject({ status: 'completed' });
  });

  it('that are lost leave the account frozen', async () => {
    const { customer, payment } = await paidBy();
    const dispute = billing.stripe.books.openDispute(payment.external_id ?? '');
    await freshEvents(() => billing.stripe.books.closeDispute(dispute, 'lost'));
    expect(await billing.credits(customer)).toBe(0);
    expect(await billing.isFrozen(customer)).toBe(true);
    expect(await billing.transaction(customer, payment.id)).toMatchObject({ status: 'disputed' });
  });

  it('that are only inquiries move nothing', async () => {
    const { customer, payment } = await paidBy();
    await freshEvents(() =>
      billing.stripe.books.openDispute(payment.external_id ?? '', 'warning_needs_response'),
    );
    expect(await billing.credits(customer)).toBe(50);
    expect(await billing.isFrozen(customer)).toBe(false);
  });

  it('of which only the withdrawal was heard count all the same', async () => {
    const { customer, payment } = await paidBy();
    billing.stripe.books.openDispute(payment.external_id ?? '');
    await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
    expect(billing.stripe.webhooks.events.at(-1)?.type).toBe('charge.dispute.funds_withdrawn');
    expect(await billing.credits(customer)).toBe(0);
  });

  it('of which only the end was heard leave nothing behind', async () => {
    const { customer, payment } = await paidBy();
    const dispute = billing.stripe.books.openDispute(payment.external_id ?? '');
    await freshEvents(() => billing.stripe.books.closeDispute(dispute, 'won'));
    expect(await billing.credits(customer)).toBe(50);
    expect(await billing.isFrozen(customer)).toBe(false);
  });

  it('take no more than refunds have left', async () => {
    const { customer, payment } = await paidBy();
    const admin = await billing.customer(true);
    await billing.refund(admin, payment.id, { amount: 20, reason: 'r' });
    await freshEvents(() => billing.stripe.books.openDispute(payment.external_id ?? ''));
    expect(await billing.credits(customer)).toBe(0);
    expect(await billing.transaction(customer, payment.id)).toMatchObject({
      status: 'disputed',
      refunded: 20,
    });
  });

  it('of two payments: the account thaws when the last one is won', async () => {
    const { customer, payment } = await paidBy();
    const other = await billing.paid(customer, 30);
    const [first, second] = [payment, other].map(({ external_id: id }) =>
      billing.stripe.books.openDispute(id ?? ''),
    );
    await billing.deliverAll();
    expect(await billing.credits(customer)).toBe(0);
    await freshEvents(() => billing.stripe.books.closeDispute(first, 'won'));
    expect([await billing.credits(customer), await billing.isFrozen(customer)]).toEqual([50, true]);
    await freshEvents(() => billing.stripe.books.closeDispute(second, 'won'));
    expect([await billing.credits(customer), await billing.isFrozen(customer)]).toEqual([80, false]);
  });

  it('leave an account frozen that an operator had frozen before', async () => {
    const { customer, payment } = await paidBy();
    await billing.app.get(AccountSettings).setFrozen(customer.userId, true);
    const dispute = billing.stripe.books.openDispute(payment.external_id ?? '');
    await billing.deliverAll();
    await freshEvents(() => billing.stripe.books.closeDispute(dispute, 'won'));
    expect(await billing.isFrozen(customer)).toBe(true);
  });

  it('refuse refunds of the same payment', async () => {
    const { payment } = await paidBy();
    await freshEvents(() => billing.stripe.books.openDispute(payment.external_id ?? ''));
    const answer = await billing.refund(await billing.customer(true), payment.id, { reason: 'r' });
    expect([answer.status, answer.body.code]).toEqual([409, 'not_refundable']);
  });

  it('end a test card that disputes by itself', async () => {
    const customer = await billing.customer();
    const { body } = await billing.pay(
      customer,
      { amount: 5, currency: 'USD', provider: 'stripe' },
      {
        'x-preferred-payment': 'card:4000000000000259:12/30:123',
      },
    );
    await billing.deliverAll();
    expect(await billing.transaction(customer, body.transaction.id)).toMatchObject({ status: 'disputed' });
    expect(await billing.isFrozen(customer)).toBe(true);
  });

  it('leave a ledger that adds up', async () => {
    expect(await billing.verifyLedger()).toMatchObject({ isIntact: true });
  });
});
