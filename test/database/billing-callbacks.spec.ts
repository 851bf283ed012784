import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import type { ProcessorOutcome } from '../../src/billing/processors/payment-processor.js';
import { PaymentOutcomes } from '../../src/billing/payments/payment-outcomes.js';
import { PaymentCallback } from '../../src/billing/webhooks/callback.entity.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import type { StripeEvent } from '../support/fake-stripe/webhooks.js';
import { onEachDatabase } from '../support/databases.js';
import { BillingApp, type Customer } from './billing-fixture.js';

onEachDatabase('call-backs of Stripe', { entities: [] }, (open) => {
  let billing: BillingApp;
  let jo: Customer;
  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config, {
      STRIPE_WEBHOOK_SECRET: 'whsec_old, whsec_fakesecret0123456789',
    });
    jo = await billing.customer();
  });
  afterAll(() => billing.close());

  /** A payment that the payer has completed while no event got through. */
  async function paidUnnoticed(customer = jo): Promise<{ id: string; event: StripeEvent }> {
    const { body } = await billing.pay(customer, { amount: 5, currency: 'USD', provider: 'stripe' });
    billing.stripe.confirmAsPayer(body.transaction.id);
    const event = billing.stripe.webhooks.events.at(-1);
    if (event?.type !== 'payment_intent.succeeded') throw new Error('no event');
    return { id: body.transaction.id, event };
  }

  const storedEvents = (eventId: string): Promise<number> =>
    billing.app.get(UnitOfWork).manager.countBy(PaymentCallback, { eventId });

  describe('are refused without a reason', () => {
    const NO_EVENT = '{"id":"x","livemode":false}';
    const seconds = (): number => Math.floor(billing.clock.now() / 1000);
    type Forge = (payload: string) => { payload?: string; signature?: string };
    const sign = (payload: string, options: { secret?: string; timestamp?: number } = {}): string =>
      billing.stripe.webhooks.sign(payload, options);

    it.each<[string, Forge]>([
      [
        'one byte changed',
        (text) => ({ payload: text.replace('succeeded', 'succeeed2'), signature: sign(text) }),
      ],
      ['written anew', (text) => ({ payload: JSON.stringify(JSON.parse(text)), signature: sign(text) })],
      ['301 s old', (text) => ({ signature: sign(text, { timestamp: seconds() - 301 }) })],
      ['301 s ahead', (text) => ({ signature: sign(text, { timestamp: seconds() + 301 }) })],
      ['3600 s ahead', (text) => ({ signature: sign(text, { timestamp: seconds() + 3600 }) })],
      ['another secret', (text) => ({ signature: sign(text, { secret: 'whsec_other' }) })],
      ['no signature', () => ({})],
      ['an empty signature', () => ({ signature: '' })],
      ['no JSON', () => ({ payload: 'hello', signature: sign('hello') })],
      ['no event', () => ({ payload: NO_EVENT, signature: sign(NO_EVENT) })],
      [
        'live mode',
        (text) => {
          const payload = text.replace('"livemode": false', '"livemode": true');
          return { payload, signature: sign(payload) };
        },
      ],
    ])('%s', async (_, forge) => {
      const { id, event } = await paidUnnoticed();
      const text = JSON.stringify(event, null, 2);
      const { payload = text, signature } = forge(text);
      const answer = await fetch(billing.webhookUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(signature === undefined ? {} : { 'stripe-signature': signature }),
        },
        body: payload,
      });
      const body = (await answer.json()) as { detail: string };
      expect([answer.status, body.detail]).toEqual([400, '']);
      await billing.handleCallbacks();
      expect((await billing.transaction(jo, id)).status).toBe('requires_action');
      expect(await storedEvents(event.id)).toBe(0);
    });

    it('more than 256 KiB', async () => {
      const payload = JSON.stringify({ id: 'evt_x', padding: 'x'.repeat(256 * 1024) });
      const status = await billing.stripe.webhooks.post(billing.webhookUrl, payload, sign(payload));
      expect(status).toBe(413);
    });

    it('from an address that does it again and again', async () => {
      const statuses = new Set<number>();
      for (let index = 0; index < 130; index += 1)
        statuses.add(await billing.stripe.webhooks.post(billing.webhookUrl, '{}', 't=1,v1=00'));
      expect([...statuses]).toEqual([400, 429]);
      billing.clock.advance(60_001);
      expect(await billing.stripe.webhooks.post(billing.webhookUrl, '{}', 't=1,v1=00')).toBe(400);
      billing.clock.advance(60_001);
    });
  });

  it.each([0, 299, -299])('are accepted with a clock that differs by %d s', async (skew) => {
    const { id, event } = await paidUnnoticed();
    const payload = JSON.stringify(event);
    const timestamp = Math.floor(billing.clock.now() / 1000) + skew;
    const signature = billing.stripe.webhooks.sign(payload, { timestamp });
    expect(await billing.stripe.webhooks.post(billing.webhookUrl, payload, signature)).toBe(200);
    await billing.handleCallbacks();
    expect((await billing.transaction(jo, id)).status).toBe('completed');
  });

  it('are accepted with either secret while one replaces the other', async () => {
    const { id, event } = await paidUnnoticed();
    const payload = JSON.stringify(event);
    const signature = billing.stripe.webhooks.sign(payload, { secret: 'whsec_old' });
    expect(await billing.stripe.webhooks.post(billing.webhookUrl, payload, signature)).toBe(200);
    await billing.handleCallbacks();
    expect((await billing.transaction(jo, id)).status).toBe('completed');
  });

  it('ten times over give one credit', async () => {
    const customer = await billing.customer();
    const { event } = await paidUnnoticed(customer);
    const statuses = await Promise.all(
      Array.from({ length: 10 }, () => billing.stripe.webhooks.send(event, billing.webhookUrl)),
    );
    await billing.handleCallbacks();
    await billing.deliver(event);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await storedEvents(event.id)).toBe(1);
    expect(await billing.credits(customer)).toBe(5);
  });

  describe('with the right signature', () => {
    it('and a payment that is none of ours: no credit, and an alert', async () => {
      const foreign = billing.stripe.books.createIntent({ amount: '5000', currency: 'usd', metadata: {} });
      billing.stripe.books.succeed(foreign);
      const before = billing.alerts.length;
      await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
      expect(billing.alerts.slice(before)).toEqual(['foreign_payment']);
    });

    it.each<[string, (id: string) => Record<string, string>, string[]]>([
      ['another amount', () => ({ amount: '4900' }), ['evidence_mismatch']],
      ['another currency', () => ({ currency: 'eur' }), ['evidence_mismatch']],
      ['a second intent', () => ({}), ['evidence_mismatch']],
    ])('and a paid intent with our id but %s: no credit, and an alert', async (_, change, alerts) => {
      const customer = await billing.customer();
      const { body } = await billing.pay(customer);
      const { id } = body.transaction;
      const metadata = { payment_id: id, user_id: customer.userId, env: 'development' };
      const intent = billing.stripe.books.createIntent({
        amount: '5000',
        currency: 'usd',
        metadata,
        ...change(id),
      });
      billing.stripe.books.succeed(intent);
      const before = billing.alerts.length;
      await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
      expect(billing.alerts.slice(before)).toEqual(alerts);
      expect(await billing.credits(customer)).toBe(0);
      expect((await billing.transaction(customer, id)).status).toBe('requires_action');
    });

    it('and a payment of another deployment on the same account: nothing', async () => {
      const metadata = { payment_id: newId(), env: 'production' };
      const intent = billing.stripe.books.createIntent({ amount: '5000', currency: 'usd', metadata });
      billing.stripe.books.succeed(intent);
      const before = billing.alerts.length;
      await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
      expect(billing.alerts.length).toBe(before);
    });

    it('and a lie about the state: what Stripe says when asked counts', async () => {
      const customer = await billing.customer();
      const { body } = await billing.pay(customer);
      const intent = billing.stripe.intentOf(body.transaction.id);
      billing.stripe.webhooks.record('payment_intent.succeeded', { ...intent, status: 'succeeded' } as never);
      await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
      expect(await billing.credits(customer)).toBe(0);
    });

    it('are answered within a second while Stripe is slow, and acted on afterwards', async () => {
      const { id, event } = await paidUnnoticed();
      billing.stripe.faults.plan({ kind: 'delay', ms: 1500, route: /^GET \/v1\/payment_intents/ });
      const start = performance.now();
      expect(await billing.stripe.webhooks.send(event, billing.webhookUrl)).toBe(200);
      expect(performance.now() - start).toBeLessThan(1000);
      await billing.handleCallbacks();
      expect((await billing.transaction(jo, id)).status).toBe('completed');
    });

    it('wait for the next round when Stripe cannot be asked', async () => {
      const { id, event } = await paidUnnoticed();
      billing.stripe.faults.plan({ kind: 'too_many', route: /^GET \/v1\/payment_intents/ });
      await billing.deliver(event);
      expect((await billing.transaction(jo, id)).status).toBe('requires_action');
      billing.clock.advance(11_000);
      await billing.runJob('billing.callbacks');
      expect((await billing.transaction(jo, id)).status).toBe('completed');
    });

    it('and an unknown type: stored, and of no consequence', async () => {
      billing.stripe.webhooks.record('invoice.created', { id: 'in_1' });
      await billing.deliver(...billing.stripe.webhooks.events.slice(-1));
      const row = await billing.app
        .get(UnitOfWork)
        .manager.findOneByOrFail(PaymentCallback, { type: 'invoice.created' });
      expect(row.state).toBe('ignored');
    });
  });

  it('in every order, each one twice, give one credit', async () => {
    const customer = await billing.customer();
    const wanted: StripeEvent[] = [];
    for (const order of permutationsOf([0, 1, 2, 3, 4])) {
      const events = await eventfulPayment(customer);
      wanted.push(...order.flatMap((index) => [events[index], events[index]]));
    }
    for (const event of wanted) {
      billing.clock.advance(1);
      await billing.stripe.webhooks.send(event, billing.webhookUrl);
    }
    await billing.handleCallbacks();
    expect(await billing.credits(customer)).toBe(120 * 5);
  });

  /** created, a failed attempt, requires_action, processing, succeeded. */
  async function eventfulPayment(customer: Customer): Promise<StripeEvent[]> {
    const { books, webhooks } = billing.stripe;
    const { body } = await billing.pay(customer, { amount: 5, currency: 'USD', provider: 'stripe' });
    const intent = billing.stripe.intentOf(body.transaction.id);
    billing.stripe.confirmAsPayer(body.transaction.id, 'pm_card_visa_chargeDeclined');
    billing.stripe.confirmAsPayer(body.transaction.id, 'pm_card_authenticationRequired');
    books.process(intent);
    books.succeed(intent);
    return webhooks.events.filter(({ data }) => (data.object as { id: string }).id === intent.id);
  }

  it('whose answers overtake each other give one credit and end as paid', async () => {
    const customer = await billing.customer();
    const outcomes = billing.app.get(PaymentOutcomes);
    for (const order of permutationsOf([0, 1, 2, 3, 4])) {
      const { body } = await billing.pay(customer, { amount: 5, currency: 'USD', provider: 'stripe' });
      const payment = await billing.row(body.transaction.id);
      const news = outcomesOf(payment.id, payment.externalId ?? '');
      for (const index of order) {
        await outcomes.apply(payment, news[index]);
        await outcomes.apply(payment, news[index]);
      }
      expect(await billing.row(payment.id)).toMatchObject({ status: 'completed', sealedNextAction: null });
    }
    expect(await billing.credits(customer)).toBe(120 * 5);
    expect(await billing.verifyLedger()).toMatchObject({ isIntact: true });
  });
});

function outcomesOf(paymentId: string, externalId: string): ProcessorOutcome[] {
  const nextAction = { type: 'confirm', client_secret: 's' } as const;
  const postingKey = `stripe:pi:${externalId}`;
  return [
    { state: 'pending', externalId },
    { state: 'requires_action', externalId, nextAction },
    { state: 'failed', externalId, detail: 'card_declined' },
    { state: 'canceled', externalId },
    {
      state: 'paid',
      evidence: { externalId, paymentId, amountMicro: 5_000_000, currency: 'USD', postingKey },
    },
  ];
}

function permutationsOf<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutationsOf([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}
