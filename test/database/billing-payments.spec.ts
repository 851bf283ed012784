import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer } from './billing-fixture.js';

const STRIPE = { currency: 'USD', provider: 'stripe' };
const VISA = { 'x-preferred-payment': 'card:pm_card_visa' };
const MINUTE_MS = 60_000;

onEachDatabase('payments', { entities: [] }, (open) => {
  let billing: BillingApp;
  let jo: Customer;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
    jo = await billing.customer();
  });
  afterAll(() => billing.close());

  const intentsOf = (paymentId: string): number =>
    billing.stripe.intents.filter(({ metadata }) => metadata.payment_id === paymentId).length;

  describe('begun', () => {
    it("with the document's command line buys credits, one for one", async () => {
      const customer = await billing.customer();
      const answer = await billing.pay(
        customer,
        '{"amount": 50.00, "currency": "USD", "provider": "stripe"}',
        {
          'x-preferred-payment': 'card:4242424242424242:12/25:123',
          'x-billing': 'Stripe',
        },
      );
      expect(answer.status).toBe(201);
      const { transaction } = answer.body;
      const intent = billing.stripe.intentOf(transaction.id);
      expect(transaction).toMatchObject({
        amount: 50,
        currency: 'USD',
        status: 'completed',
        payment_provider: 'stripe',
        payment_method: 'card',
        external_id: intent.id,
        credited: 50,
      });
      expect(intent).toMatchObject({ amount: 5000, currency: 'usd' });
      expect(await billing.credits(customer)).toBe(50);
    });

    it.each([
      ['19.99', 1999],
      ['0.50', 50],
      ['"1.15"', 115],
      ['29', 2900],
      ['999999.99', 99_999_999],
    ])('takes %s to the cent', async (text, cents) => {
      const answer = await billing.pay(jo, `{"amount":${text},"currency":"usd","provider":"stripe"}`);
      expect(answer.status).toBe(201);
      expect(billing.stripe.intentOf(answer.body.transaction.id).amount).toBe(cents);
    });

    it.each(['1.005', '1e3', '-5', '0', '0.00', '1000000', '"abc"', 'true', 'null', '[1]', '0.49', '"5 "'])(
      'refuses the amount %s and names the field',
      async (text) => {
        const answer = await billing.pay(jo, `{"amount":${text},"currency":"USD","provider":"stripe"}`);
        expect(answer.status).toBe(422);
        expect(answer.body.errors?.map(({ field }) => field)).toContain('amount');
      },
    );

    it('names the least amount', async () => {
      const answer = await billing.pay(jo, { ...STRIPE, amount: 0.49 });
      expect(JSON.stringify(answer.body)).toContain('0.50');
    });

    it('refuses a body that says two amounts', async () => {
      const answer = await billing.pay(jo, '{"amount":1,"amount":5000,"currency":"USD","provider":"stripe"}');
      expect(answer.status).toBe(400);
    });

    it.each([
      ['another currency', { ...STRIPE, amount: 5, currency: 'EUR' }, {}, 'unsupported_currency'],
      ['nobody to be paid', { amount: 5, currency: 'USD' }, {}, 'invalid_input'],
      ['an unknown provider', { ...STRIPE, amount: 5, provider: 'paypal' }, {}, 'invalid_input'],
      ['an unknown X-Billing', { amount: 5, currency: 'USD' }, { 'x-billing': 'PayPal' }, 'invalid_input'],
      ['two providers', { ...STRIPE, amount: 5 }, { 'x-billing': 'AfterDark' }, 'payment_conflict'],
      [
        'crypto for a card',
        { ...STRIPE, amount: 5 },
        { 'x-preferred-payment': 'crypto:ethereum' },
        'payment_conflict',
      ],
      [
        'a card in the body',
        { ...STRIPE, amount: 5, payment_preference: { card_num: '1' } },
        {},
        'invalid_input',
      ],
      ['no saved card', { ...STRIPE, amount: 5 }, { 'x-preferred-payment': 'card:saved' }, 'no_saved_method'],
    ])('is refused: %s', async (_, body, headers, code) => {
      const answer = await billing.pay(jo, body, headers as Record<string, string>);
      expect([answer.status, answer.body.code]).toEqual([422, code]);
    });

    it.each(['Stripe', 'STRIPE', 'stripe'])('finds the provider in X-Billing: %s', async (name) => {
      const answer = await billing.pay(jo, { amount: 5, currency: 'USD' }, { 'x-billing': name });
      expect(answer.body.transaction.payment_provider).toBe('stripe');
    });

    it('says which providers are not set up', async () => {
      const answers = await Promise.all(
        ['crypto', 'afterdark'].map((provider) => billing.pay(jo, { ...STRIPE, amount: 5, provider })),
      );
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
        [501, 'provider_not_configured'],
        [501, 'provider_not_configured'],
      ]);
    });

    it('without a card waits for the payer and credits nothing', async () => {
      const customer = await billing.customer();
      const { body } = await billing.pay(customer);
      expect(body.transaction.status).toBe('requires_action');
      const { client_secret: secret } = billing.stripe.intentOf(body.transaction.id);
      expect(body.next_action).toEqual({ type: 'confirm', client_secret: secret });
      expect(await billing.credits(customer)).toBe(0);
      expect((await billing.transaction(customer, body.transaction.id)).next_action).toEqual(
        body.next_action,
      );
      expect((await billing.row(body.transaction.id)).sealedNextAction).not.toContain(secret ?? '?');
    });

    it('with a card that must be confirmed waits, and credits once it was', async () => {
      const customer = await billing.customer();
      const { body } = await billing.pay(
        customer,
        { ...STRIPE, amount: 20 },
        {
          'x-preferred-payment': 'card:4000002760003184:12/30:123',
        },
      );
      expect(body).toMatchObject({
        transaction: { status: 'requires_action' },
        next_action: { type: 'confirm' },
      });
      expect(await billing.credits(customer)).toBe(0);
      billing.stripe.books.succeed(billing.stripe.intentOf(body.transaction.id));
      await billing.deliverAll();
      expect(await billing.transaction(customer, body.transaction.id)).toMatchObject({ status: 'completed' });
      expect(await billing.credits(customer)).toBe(20);
    });

    it.each([
      ['4000000000000002', 'card_declined'],
      ['4000000000009995', 'insufficient_funds'],
    ])('with card %s fails: %s', async (number, detail) => {
      const customer = await billing.customer();
      const answer = await billing.pay(
        customer,
        { ...STRIPE, amount: 5 },
        {
          'x-preferred-payment': `card:${number}:12/30:123`,
        },
      );
      expect(answer.status).toBe(201);
      expect(answer.body.transaction).toMatchObject({ status: 'failed', detail });
      expect(answer.body.next_action).toBeUndefined();
      expect(await billing.credits(customer)).toBe(0);
    });

    it('with an unknown method fails without a reason of the processor', async () => {
      const { body } = await billing.pay(
        jo,
        { ...STRIPE, amount: 5 },
        { 'x-preferred-payment': 'card:pm_nobodys' },
      );
      expect(body.transaction).toMatchObject({ status: 'failed', detail: 'invalid_payment_method' });
    });

    it('takes a token', async () => {
      const { body } = await billing.pay(
        jo,
        { ...STRIPE, amount: 5 },
        { 'x-preferred-payment': 'card:tok_visa' },
      );
      expect(body.transaction.status).toBe('completed');
    });

    it('on a hosted page credits what was paid there', async () => {
      const customer = await billing.customer();
      const { body } = await billing.pay(
        customer,
        { ...STRIPE, amount: 12.34 },
        {
          'x-preferred-payment': 'card:checkout',
        },
      );
      expect(body).toMatchObject({
        transaction: { status: 'requires_action', payment_method: 'checkout' },
        next_action: {
          type: 'redirect',
          url: expect.stringContaining('https://checkout.example/') as string,
        },
      });
      const session = billing.stripe.books.sessions.get(body.transaction.external_id ?? '');
      if (!session) throw new Error('no session');
      billing.stripe.books.payPage(session, 'pm_card_visa');
      await billing.deliverAll();
      const paid = await billing.transaction(customer, body.transaction.id);
      expect(paid).toMatchObject({ status: 'completed', external_id: session.payment_intent });
      expect(paid.next_action).toBeUndefined();
      expect(await billing.credits(customer)).toBe(12.34);
    });
  });

  describe('looked at', () => {
    it('are listed latest first, page by page', async () => {
      const customer = await billing.customer();
      const ids: string[] = [];
      // All at one instant, as fast callers are: what counts is which one came later.
      for (let index = 0; index < 5; index += 1)
        ids.unshift((await billing.pay(customer)).body.transaction.id);
      type List = { transactions: { id: string }[]; count: number; next_cursor: string | null };
      const first = (await customer.api.get<List>('/api/v1/billing/transactions?limit=3')).body;
      const query = `limit=3&cursor=${first.next_cursor ?? ''}`;
      const second = (await customer.api.get<List>(`/api/v1/billing/transactions?${query}`)).body;
      expect([...first.transactions, ...second.transactions].map(({ id }) => id)).toEqual(ids);
      expect([first.count, second.count, second.next_cursor]).toEqual([3, 2, null]);
    });

    it("are nobody else's", async () => {
      const { id } = await billing.paid(jo, 5);
      const stranger = await billing.customer();
      const answer = await stranger.api.get<{ code: string }>(`/api/v1/billing/transactions/${id}`);
      expect([answer.status, answer.body.code]).toEqual([404, 'payment_not_found']);
      const list = await stranger.api.get<{ count: number }>('/api/v1/billing/transactions');
      expect(list.body.count).toBe(0);
    });
  });

  describe('with an Idempotency-Key', () => {
    it('are made once, and answered alike', async () => {
      const customer = await billing.customer();
      const headers = { ...VISA, 'idempotency-key': 'k1' };
      const body = { ...STRIPE, amount: 7 };
      const first = await billing.pay(customer, body, headers);
      const again = await billing.pay(customer, body, headers);
      expect(again.body).toEqual(first.body);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(await billing.credits(customer)).toBe(7);
      const other = await billing.pay(customer, { ...body, amount: 8 }, headers);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    });

    it('are made once by twenty requests at the same time', async () => {
      const customer = await billing.customer();
      const headers = { ...VISA, 'idempotency-key': 'k2' };
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => billing.pay(customer, { ...STRIPE, amount: 3 }, headers)),
      );
      expect(answers.some(({ status }) => status === 201)).toBe(true);
      expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
      expect(await billing.credits(customer)).toBe(3);
      const list = await customer.api.get<{ count: number }>('/api/v1/billing/transactions');
      expect(list.body.count).toBe(1);
    });

    it('of two users are two keys', async () => {
      const headers = { ...VISA, 'idempotency-key': 'the-same' };
      const [a, b] = [await billing.customer(), await billing.customer()];
      await Promise.all([billing.pay(a, undefined, headers), billing.pay(b, undefined, headers)]);
      expect([await billing.credits(a), await billing.credits(b)]).toEqual([50, 50]);
    });
  });

  describe('when Stripe answers badly', () => {
    const CREATE = /^POST \/v1\/payment_intents$/;

    it('after a dropped connection: one payment, one credit', async () => {
      const customer = await billing.customer();
      billing.stripe.faults.plan({ kind: 'drop_after', route: CREATE });
      const { id } = await billing.paid(customer, 5);
      expect(intentsOf(id)).toBe(1);
      expect(await billing.credits(customer)).toBe(5);
    });

    it('without any answer: pending, and completed by asking again under the same key', async () => {
      const customer = await billing.customer();
      billing.stripe.faults.plan({ kind: 'drop_after', route: CREATE, times: 3 });
      const { body } = await billing.pay(customer, { ...STRIPE, amount: 5 }, VISA);
      expect(body.transaction).toMatchObject({ status: 'pending', external_id: null });
      expect(await billing.credits(customer)).toBe(0);
      billing.clock.advance(6 * MINUTE_MS);
      await billing.runJob('billing.payment-poll');
      expect(await billing.transaction(customer, body.transaction.id)).toMatchObject({ status: 'completed' });
      expect(intentsOf(body.transaction.id)).toBe(1);
      expect(await billing.credits(customer)).toBe(5);
    });

    it('with errors that it remembers for the key: found by asking for the payment', async () => {
      const customer = await billing.customer();
      billing.stripe.faults.plan({ kind: 'error', route: CREATE });
      const { body } = await billing.pay(customer, { ...STRIPE, amount: 5 }, VISA);
      expect(body.transaction.status).toBe('pending');
      billing.clock.advance(6 * MINUTE_MS);
      await billing.runJob('billing.payment-poll');
      expect(await billing.transaction(customer, body.transaction.id)).toMatchObject({ status: 'pending' });
      billing.clock.advance(25 * 60 * MINUTE_MS);
      await billing.runJob('billing.payment-poll');
      expect(await billing.transaction(customer, body.transaction.id)).toMatchObject({
        status: 'failed',
        detail: 'never_created',
      });
      expect(intentsOf(body.transaction.id)).toBe(0);
    });

    it('with too many requests: pending, then made once', async () => {
      const customer = await billing.customer();
      billing.stripe.faults.plan({ kind: 'too_many', route: CREATE });
      const { body } = await billing.pay(customer, { ...STRIPE, amount: 5 }, VISA);
      expect(body.transaction.status).toBe('pending');
      billing.clock.advance(6 * MINUTE_MS);
      await billing.runJob('billing.payment-poll');
      expect(await billing.credits(customer)).toBe(5);
    });

    it('before the connection: made by the next try', async () => {
      const customer = await billing.customer();
      billing.stripe.faults.plan({ kind: 'drop_before', route: CREATE });
      const { id } = await billing.paid(customer, 5);
      expect(intentsOf(id)).toBe(1);
    });
  });

  it('leave a ledger that adds up', async () => {
    expect(await billing.verifyLedger()).toMatchObject({ isIntact: true });
  });
});
