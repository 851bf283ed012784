import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Payment } from '../../src/billing/payments/payment.entity.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer } from './billing-fixture.js';

const DAY_MS = 24 * 3_600_000;

onEachDatabase("the comparison with Stripe's balance", { entities: [] }, (open) => {
  let billing: BillingApp;
  let jo: Customer;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
    jo = await billing.customer();
  });
  afterAll(() => billing.close());
  // Every test has a day of its own.
  beforeEach(() => billing.clock.advance(3 * DAY_MS));

  const alertsOfCheck = async (): Promise<string[]> => {
    billing.clock.advance(DAY_MS / 2);
    const before = billing.alerts.length;
    await billing.runJob('billing.clearing-check');
    return billing.alerts.slice(before);
  };

  it('finds nothing when payments, refunds and disputes are all known', async () => {
    const [first, second] = [await billing.paid(jo, 50), await billing.paid(jo, 30)];
    await billing.refund(await billing.customer(true), first.id, { amount: 20, reason: 'r' });
    const dispute = billing.stripe.books.openDispute(second.external_id ?? '');
    billing.stripe.books.closeDispute(dispute, 'won');
    billing.stripe.books.openDispute(first.external_id ?? '');
    await billing.deliver(...billing.stripe.webhooks.events.slice(-8));
    expect(await alertsOfCheck()).toEqual([]);
  });

  it('reports money that arrived and was credited to nobody', async () => {
    const foreign = billing.stripe.books.createIntent({ amount: '5000', currency: 'usd', metadata: {} });
    billing.stripe.books.succeed(foreign);
    expect(await alertsOfCheck()).toEqual(['unexplained_money']);
  });

  it('leaves other deployments on the same account alone', async () => {
    const metadata = { env: 'production' };
    billing.stripe.books.succeed(
      billing.stripe.books.createIntent({ amount: '5000', currency: 'usd', metadata }),
    );
    expect(await alertsOfCheck()).toEqual([]);
  });

  it('reports refunds that nobody heard of', async () => {
    const payment = await billing.paid(jo, 50);
    billing.stripe.books.createRefund({ payment_intent: payment.external_id ?? '', amount: '1000' });
    expect(await alertsOfCheck()).toEqual(['unexplained_money']);
  });

  it('reports credits for which no money came', async () => {
    const { id } = await billing.paid(jo, 50);
    await billing.app.get(UnitOfWork).manager.update(Payment, { id }, { externalId: 'pi_invented' });
    expect(await alertsOfCheck()).toEqual(['unexplained_money', 'unexplained_money']);
  });
});
