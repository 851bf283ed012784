import { afterAll, beforeAll, expect, it } from 'vitest';
import { CreditEntry } from '../../src/credits/ledger/entry.entity.js';
import { PlatformPoster } from '../../src/credits/ledger/platform-poster.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer } from './billing-fixture.js';

const CREDIT = 1_000_000;

onEachDatabase('dollars behind credits', { entities: [] }, (open) => {
  let billing: BillingApp;
  let admin: Customer;

  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
    admin = await billing.customer(true);
  });
  afterAll(() => billing.close());

  /** What has come over Stripe, what was sold, and what of it users were given. */
  const books = async (): Promise<number[]> => {
    const entries = await billing.app.get(UnitOfWork).manager.find(CreditEntry, {});
    return ['clearing:stripe', 'sales', 'issue', 'refund', 'dispute'].map(
      (name) =>
        entries
          .filter(({ account }) => account === name)
          .reduce((sum, { amountMicro }) => sum + amountMicro, 0) / CREDIT,
    );
  };
  const eventsOf = async (act: () => unknown): Promise<void> => {
    const before = billing.stripe.webhooks.events.length;
    await act();
    await billing.deliver(...billing.stripe.webhooks.events.slice(before));
  };

  it('follow a payment, its refunds and its disputes, each once', async () => {
    const customer = await billing.customer();
    const payment = await billing.paid(customer, 50);
    await billing.deliverAll();
    expect(await books()).toEqual([-50, 50, -50, 0, 0]);
    await eventsOf(() => billing.refund(admin, payment.id, { amount: 20, reason: 'r' }));
    expect(await books()).toEqual([-30, 30, -50, 20, 0]);
    const dispute = billing.stripe.books.openDispute(payment.external_id ?? '');
    await billing.deliverAll();
    expect(await books()).toEqual([0, 0, -50, 20, 30]);
    await eventsOf(() => billing.stripe.books.closeDispute(dispute, 'won'));
    await billing.deliverAll();
    expect(await books()).toEqual([-30, 30, -50, 20, 0]);
    expect(await billing.verifyLedger()).toMatchObject({ isIntact: true });
  });

  it('are missed by the check of the ledger when they are not as many', async () => {
    const payment = await billing.paid(await billing.customer(), 5);
    const unitOfWork = billing.app.get(UnitOfWork);
    const money = { code: 'payment' as const, from: 'clearing:stripe' as const, to: 'sales' as const };
    const facts = { amountMicro: 1, idempotencyKey: 'odd', reference: payment.id, eventAt: 0 };
    await unitOfWork.run((manager) => billing.app.get(PlatformPoster).post({ ...money, ...facts }, manager));
    expect(await billing.verifyLedger()).toMatchObject({
      isIntact: false,
      firstBreak: { reference: payment.id, problem: expect.stringContaining('dollars') as string },
    });
  });

  it('never mix with credits, which the check of the ledger sees', async () => {
    const unitOfWork = billing.app.get(UnitOfWork);
    const odd = { code: 'payment' as const, from: 'issue' as 'sales', to: 'clearing:stripe' as const };
    const facts = { amountMicro: 1, idempotencyKey: 'mixed', reference: 'x', eventAt: 0 };
    await unitOfWork.run((manager) => billing.app.get(PlatformPoster).post({ ...odd, ...facts }, manager));
    expect(await billing.verifyLedger()).toMatchObject({
      isIntact: false,
      firstBreak: { problem: expect.stringContaining('two ledgers') as string },
    });
  });
});
