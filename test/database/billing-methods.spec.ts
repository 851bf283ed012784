import { afterAll, beforeAll, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer } from './billing-fixture.js';

interface MethodAnswer {
  method?: { id: string; brand: string; last4: string; is_default: boolean };
  next_action?: { type: string; client_secret: string };
  code?: string;
}
interface MethodList {
  methods: NonNullable<MethodAnswer['method']>[];
  count: number;
}

const METHODS = '/api/v1/billing/methods';
const STRIPE = { currency: 'USD', provider: 'stripe' };

onEachDatabase('saved cards', { entities: [] }, (open) => {
  let billing: BillingApp;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
  });
  afterAll(() => billing.close());

  const list = async ({ api }: Customer): Promise<MethodList['methods']> =>
    (await api.get<MethodList>(METHODS)).body.methods;

  const save = ({ api }: Customer, card: string): Promise<{ status: number; body: MethodAnswer }> =>
    api.post<MethodAnswer>(METHODS, {}, { 'x-preferred-payment': card });

  it('are kept by a payment that asks for it, and pay the next one', async () => {
    const customer = await billing.customer();
    const body = { ...STRIPE, amount: 10, save: true };
    const first = await billing.pay(customer, body, { 'x-preferred-payment': 'card:pm_card_visa' });
    expect(first.body.transaction.status).toBe('completed');
    expect(await list(customer)).toMatchObject([{ brand: 'visa', last4: '4242', is_default: true }]);
    const second = await billing.pay(
      customer,
      { ...STRIPE, amount: 5 },
      { 'x-preferred-payment': 'card:saved' },
    );
    expect(second.body.transaction.status).toBe('completed');
    expect(await billing.credits(customer)).toBe(15);
    const customers = new Set(billing.stripe.intents.map(({ customer: id }) => id).filter(Boolean));
    expect(customers.size).toBe(1);
  });

  it('are not kept by a payment that does not', async () => {
    const customer = await billing.customer();
    await billing.paid(customer, 5);
    expect(await list(customer)).toEqual([]);
  });

  it('are kept without a payment', async () => {
    const customer = await billing.customer();
    const answer = await save(customer, 'card:5555555555554444:12/30:123');
    expect([answer.status, answer.body.method?.brand]).toEqual([201, 'mastercard']);
    // No time passes in between: what counts is which one came later.
    const later = await save(customer, 'card:pm_card_amex');
    expect((await list(customer)).map(({ brand, is_default }) => [brand, is_default])).toEqual([
      [later.body.method?.brand, true],
      ['mastercard', false],
    ]);
  });

  it('are kept once the payer has entered one', async () => {
    const customer = await billing.customer();
    const { body } = await customer.api.post<MethodAnswer>(METHODS, {});
    expect(body).toMatchObject({ next_action: { type: 'confirm' } });
    const setup = [...billing.stripe.books.setups.values()].at(-1);
    if (!setup) throw new Error('no setup');
    expect(setup.client_secret).toBe(body.next_action?.client_secret);
    billing.stripe.books.confirmSetup(
      setup,
      billing.stripe.books.methodFrom({ payment_method: 'pm_card_visa' }, null),
    );
    await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
    await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
    expect(await list(customer)).toHaveLength(1);
  });

  it('refuse a card that is declined and a saved one', async () => {
    const customer = await billing.customer();
    const declined = await save(customer, 'card:pm_card_visa_chargeDeclined');
    expect([declined.status, declined.body.code]).toEqual([422, 'invalid_payment_method']);
    const saved = await save(customer, 'card:saved');
    expect([saved.status, saved.body.code]).toEqual([422, 'payment_conflict']);
  });

  it("cannot be another user's", async () => {
    const [owner, thief] = [await billing.customer(), await billing.customer()];
    await save(owner, 'card:pm_card_visa');
    const [method] = [...billing.stripe.books.methods.values()].slice(-1);
    const answer = await billing.pay(
      thief,
      { ...STRIPE, amount: 5 },
      { 'x-preferred-payment': `card:${method.id}` },
    );
    expect(answer.body.transaction).toMatchObject({ status: 'failed', detail: 'invalid_payment_method' });
    const [{ id }] = await list(owner);
    const removal = await thief.api.send<MethodAnswer>('DELETE', `${METHODS}/${id}`);
    expect([removal.status, removal.body.code]).toEqual([404, 'payment_method_not_found']);
    expect(await list(thief)).toEqual([]);
  });

  it('are forgotten, here and at Stripe', async () => {
    const customer = await billing.customer();
    await save(customer, 'card:pm_card_visa');
    const [{ id }] = await list(customer);
    const removal = await customer.api.send('DELETE', `${METHODS}/${id}`);
    expect(removal.status).toBe(204);
    expect(await list(customer)).toEqual([]);
    expect([...billing.stripe.books.methods.values()].at(-1)?.customer).toBeNull();
    const again = await customer.api.send('DELETE', `${METHODS}/${id}`);
    expect(again.status).toBe(404);
  });

  it('are forgotten when Stripe says that they are gone', async () => {
    const customer = await billing.customer();
    await save(customer, 'card:pm_card_visa');
    const method = [...billing.stripe.books.methods.values()].at(-1);
    if (!method) throw new Error('no method');
    billing.stripe.books.detach(method);
    await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
    expect(await list(customer)).toEqual([]);
  });

  it('show nothing that could be charged elsewhere', async () => {
    const customer = await billing.customer();
    await save(customer, 'card:pm_card_visa');
    const text = JSON.stringify(await list(customer));
    expect(text).not.toMatch(/pm_|cus_/);
  });
});
