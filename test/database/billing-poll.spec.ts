import { afterAll, beforeAll, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer } from './billing-fixture.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const RETRIEVE = /^GET \/v1\/payment_intents/;

onEachDatabase('payments of which no call-back tells', { entities: [] }, (open) => {
  let billing: BillingApp;
  let jo: Customer;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
    jo = await billing.customer();
  });
  afterAll(() => billing.close());

  const begin = async (customer = jo, headers: Record<string, string> = {}): Promise<string> =>
    (await billing.pay(customer, { amount: 5, currency: 'USD', provider: 'stripe' }, headers)).body
      .transaction.id;

  const retrievals = (): number => billing.stripe.calls.filter(({ route }) => RETRIEVE.test(route)).length;

  it('are asked about after five minutes, not before', async () => {
    const customer = await billing.customer();
    const id = await begin(customer);
    billing.stripe.confirmAsPayer(id);
    billing.clock.advance(4 * MINUTE_MS);
    const before = retrievals();
    await billing.runJob('billing.payment-poll');
    expect(retrievals()).toBe(before);
    billing.clock.advance(2 * MINUTE_MS);
    await billing.runJob('billing.payment-poll');
    expect(await billing.transaction(customer, id)).toMatchObject({ status: 'completed' });
    expect(await billing.credits(customer)).toBe(5);
  });

  it('are asked about less and less often', async () => {
    await begin();
    const before = retrievals();
    for (let minute = 0; minute < 60; minute += 1) {
      billing.clock.advance(MINUTE_MS);
      await billing.runJob('billing.payment-poll');
    }
    // After 5, 10 (5 + 5), 20 and 40 minutes.
    expect(retrievals() - before).toBe(4);
  });

  it('are canceled after a day', async () => {
    const id = await begin();
    billing.clock.advance(DAY_MS + 1);
    await billing.runJob('billing.payment-poll');
    expect(billing.stripe.intentOf(id).status).toBe('canceled');
    expect(await billing.transaction(jo, id)).toMatchObject({ status: 'canceled', detail: 'abandoned' });
  });

  it('on a hosted page expire after a day', async () => {
    const id = await begin(jo, { 'x-preferred-payment': 'card:checkout' });
    billing.clock.advance(DAY_MS + 1);
    await billing.runJob('billing.payment-poll');
    expect(await billing.transaction(jo, id)).toMatchObject({ status: 'expired' });
  });

  it('that were paid at the last moment are credited, not canceled', async () => {
    const customer = await billing.customer();
    const id = await begin(customer);
    billing.clock.advance(DAY_MS + 1);
    billing.stripe.confirmAsPayer(id);
    await billing.runJob('billing.payment-poll');
    expect(await billing.transaction(customer, id)).toMatchObject({ status: 'completed' });
    expect(await billing.credits(customer)).toBe(5);
  });

  it('that are paid after all, though canceled here, are credited', async () => {
    const customer = await billing.customer();
    const id = await begin(customer);
    billing.clock.advance(DAY_MS + 1);
    await billing.runJob('billing.payment-poll');
    billing.stripe.books.succeed(billing.stripe.intentOf(id));
    await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
    expect(await billing.transaction(customer, id)).toMatchObject({ status: 'completed' });
    expect(await billing.credits(customer)).toBe(5);
  });

  it('do not stop each other when one cannot be asked', async () => {
    const [a, b] = [await begin(), await begin()];
    billing.stripe.confirmAsPayer(a);
    billing.stripe.confirmAsPayer(b);
    billing.stripe.faults.plan({ kind: 'error', route: RETRIEVE, times: 3 });
    billing.clock.advance(6 * MINUTE_MS);
    await billing.runJob('billing.payment-poll');
    const statuses = await Promise.all([a, b].map(async (id) => (await billing.transaction(jo, id)).status));
    expect(statuses.toSorted()).toEqual(['completed', 'requires_action']);
    billing.clock.advance(6 * MINUTE_MS);
    await billing.runJob('billing.payment-poll');
    expect((await billing.transaction(jo, a)).status).toBe('completed');
  });
});
