import { afterAll, beforeAll, expect, it } from 'vitest';
import { PaymentRenewal } from '../../src/billing/renewals/renewal.entity.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer, type Transaction } from './billing-fixture.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RULE = { enabled: true, trigger: 'threshold', threshold: 10, amount: 25, monthly_limit: 100 };

onEachDatabase('automatic renewal', { entities: [] }, (open) => {
  let billing: BillingApp;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
    // The first of a month, so that none ends in the middle of a test.
    const now = new Date(billing.clock.now());
    billing.clock.advance(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime());
  });
  afterAll(() => billing.close());

  const renew = (): Promise<void> => billing.runJob('billing.auto-renew');

  const setRule = async ({ api }: Customer, rule: object): Promise<void> => {
    const answer = await api.send('PUT', '/api/v1/credits/auto-renew', rule);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  };

  async function renewing(card: string | undefined, rule: object = RULE): Promise<Customer> {
    const customer = await billing.customer();
    if (card !== undefined)
      await customer.api.post('/api/v1/billing/methods', {}, { 'x-preferred-payment': `card:${card}` });
    await setRule(customer, rule);
    return customer;
  }

  const transactions = async ({ api }: Customer): Promise<Transaction[]> =>
    (await api.get<{ transactions: Transaction[] }>('/api/v1/billing/transactions')).body.transactions;

  const renewalOf = ({ userId }: Customer): Promise<PaymentRenewal | null> =>
    billing.app.get(UnitOfWork).manager.findOneBy(PaymentRenewal, { userId });

  it('buys with the saved card when credits run low, once', async () => {
    const customer = await renewing('pm_card_visa');
    await renew();
    await renew();
    expect(await billing.credits(customer)).toBe(25);
    expect(await transactions(customer)).toMatchObject([{ status: 'completed', amount: 25 }]);
    const [{ id }] = await transactions(customer);
    expect(billing.stripe.calls.find(({ body }) => body.includes(id))?.body).toContain('off_session=true');
    expect((await billing.row(id)).purpose).toBe('renewal');
  });

  it('buys again when they run low again, up to the limit of the month', async () => {
    const customer = await renewing('pm_card_visa', { ...RULE, monthly_limit: 60 });
    for (let round = 0; round < 4; round += 1) {
      await renew();
      const credits = await billing.credits(customer);
      if (credits > 0) await billing.spend(customer, credits);
    }
    expect((await transactions(customer)).length).toBe(2);
  });

  it('by several rounds at the same time buys once', async () => {
    const customer = await renewing('pm_card_visa');
    await Promise.all(Array.from({ length: 5 }, () => renew()));
    expect(await billing.credits(customer)).toBe(25);
  });

  it('once a month with the trigger of that name', async () => {
    const customer = await renewing('pm_card_visa', { ...RULE, trigger: 'interval' });
    await renew();
    await renew();
    expect(await billing.credits(customer)).toBe(25);
  });

  it('does nothing without need or without a rule', async () => {
    const customer = await renewing('pm_card_visa');
    await billing.paid(customer, 50);
    await renew();
    await setRule(customer, { enabled: false });
    await billing.spend(customer, 45);
    await renew();
    expect((await transactions(customer)).length).toBe(1);
  });

  it('tries a declined card three times, further and further apart, and tells somebody', async () => {
    const customer = await renewing('pm_card_visa');
    const method = [...billing.stripe.books.methods.values()].at(-1);
    if (!method) throw new Error('no method');
    method.behaviour = 'pm_card_visa_chargeDeclinedInsufficientFunds';
    const before = billing.alerts.length;
    const tried: number[] = [];
    for (let hour = 0; hour < 40; hour += 1) {
      await renew();
      tried.push((await transactions(customer)).length);
      billing.clock.advance(HOUR_MS);
    }
    expect(tried.indexOf(1)).toBe(0);
    expect(tried.indexOf(2)).toBe(1);
    expect(tried.indexOf(3)).toBe(25);
    expect(tried.at(-1)).toBe(3);
    expect(billing.alerts.slice(before)).toEqual(['renewal_stopped']);
    expect(await renewalOf(customer)).toMatchObject({
      state: 'failed',
      tries: 3,
      detail: 'insufficient_funds',
    });
    // A new card, and the rule set anew: a new start.
    method.behaviour = 'pm_card_visa';
    await setRule(customer, RULE);
    await renew();
    expect(await billing.credits(customer)).toBe(25);
  });

  it('that needs the payer is not tried again; it is done when they have confirmed', async () => {
    const customer = await renewing('pm_card_authenticationRequired');
    await renew();
    const [transaction] = await transactions(customer);
    expect(transaction).toMatchObject({ status: 'requires_action', detail: 'authentication_required' });
    const shown = await billing.transaction(customer, transaction.id);
    expect(shown.next_action?.type).toBe('confirm');
    billing.clock.advance(2 * HOUR_MS);
    await renew();
    expect((await transactions(customer)).length).toBe(1);
    billing.stripe.books.succeed(billing.stripe.intentOf(transaction.id));
    await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
    await renew();
    expect(await billing.credits(customer)).toBe(25);
    expect(await renewalOf(customer)).toMatchObject({ state: 'done' });
  });

  it('that nobody confirms ends with the payment', async () => {
    const customer = await renewing('pm_card_authenticationRequired');
    await renew();
    billing.clock.advance(DAY_MS + HOUR_MS);
    await billing.runJob('billing.payment-poll');
    await renew();
    expect(await renewalOf(customer)).toMatchObject({ state: 'failed' });
    expect((await transactions(customer)).length).toBe(1);
  });

  it('without a saved card stops at once and tells somebody', async () => {
    const customer = await renewing(undefined);
    const before = billing.alerts.length;
    await renew();
    await renew();
    expect(await renewalOf(customer)).toMatchObject({ state: 'failed', detail: 'no_saved_method' });
    expect(billing.alerts.slice(before)).toEqual(['renewal_stopped']);
  });

  it('whose answer is lost waits for it, and pays once', async () => {
    const customer = await renewing('pm_card_visa');
    billing.stripe.faults.plan({ kind: 'drop_after', route: /^POST \/v1\/payment_intents$/, times: 3 });
    await renew();
    billing.clock.advance(2 * HOUR_MS);
    await renew();
    expect(await transactions(customer)).toMatchObject([{ status: 'pending' }]);
    await billing.runJob('billing.payment-poll');
    await renew();
    expect(await billing.credits(customer)).toBe(25);
    expect((await transactions(customer)).length).toBe(1);
  });

  it('takes the card that the rule names', async () => {
    const customer = await renewing('pm_card_visa');
    const list = await customer.api.get<{ methods: { id: string }[] }>('/api/v1/billing/methods');
    await customer.api.post('/api/v1/billing/methods', {}, { 'x-preferred-payment': 'card:pm_card_amex' });
    await setRule(customer, { ...RULE, payment_method: list.body.methods[0].id });
    await renew();
    const [transaction] = await transactions(customer);
    const intent = billing.stripe.intentOf(transaction.id);
    expect(billing.stripe.books.methods.get(intent.payment_method ?? '')?.card.brand).toBe('visa');
  });
});
