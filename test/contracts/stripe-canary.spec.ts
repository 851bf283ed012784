import { env } from 'node:process';
import Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { FakeStripe } from '../support/fake-stripe/index.js';

/** A test key of a Stripe account of one's own. The calls are free and leave a few test objects there. */
const KEY = env.STRIPE_CANARY_KEY;
const API_VERSION = '2026-10-28.endive';

type Answers = Record<string, unknown>;

/** What the service asks of Stripe, as far as no browser is needed: more than ten calls. */
async function askEverything({
  customers,
  paymentIntents,
  refunds,
  setupIntents,
  checkout,
  balanceTransactions,
}: Stripe): Promise<Answers> {
  const metadata = { payment_id: 'canary', env: 'test' };
  const money = { amount: 500, currency: 'usd', metadata };
  const methods = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' } } as const;
  const expand = ['payment_method'];
  const customer = await customers.create({ metadata });
  const paid = await paymentIntents.create({
    ...money,
    ...methods,
    confirm: true,
    payment_method: 'pm_card_visa',
    customer: customer.id,
    expand,
  });
  const open = await paymentIntents.create({ ...money, automatic_payment_methods: { enabled: true } });
  const setup = await setupIntents.create({
    ...methods,
    confirm: true,
    payment_method: 'pm_card_visa',
    customer: customer.id,
    usage: 'off_session',
    expand,
  });
  const page = await checkout.sessions.create({
    mode: 'payment',
    line_items: [
      { quantity: 1, price_data: { currency: 'usd', unit_amount: 500, product_data: { name: 'Credits' } } },
    ],
    success_url: 'https://example.com/',
    cancel_url: 'https://example.com/',
    payment_intent_data: { metadata },
    metadata,
  });
  const refund = await refunds.create({ payment_intent: paid.id, amount: 200 });
  return {
    customer,
    paid,
    open,
    setup,
    page,
    refund,
    retrieved: await paymentIntents.retrieve(paid.id, { expand }),
    canceled: await paymentIntents.cancel(open.id),
    refundRead: await refunds.retrieve(refund.id),
    pageRead: await checkout.sessions.retrieve(page.id, { expand: ['payment_intent.payment_method'] }),
    pageExpired: await checkout.sessions.expire(page.id),
    movements: await balanceTransactions.list({ limit: 3 }),
    decline: await paymentIntents
      .create({ ...money, ...methods, confirm: true, payment_method: 'pm_card_visa_chargeDeclined' })
      .catch(({ type, code, decline_code, statusCode }: Stripe.errors.StripeError) => ({
        type,
        code,
        decline_code,
        statusCode,
      })),
  };
}

/** What the fake's answers have and the real ones have not, or in another type. Empty in one of them says nothing. */
function strangeIn(fake: unknown, real: unknown, path = ''): string[] {
  if (fake === null || real === null || fake === undefined) return [];
  const [wanted, got] = [kindOf(fake), kindOf(real)];
  if (wanted !== got) return [`${path}: ${wanted}, really ${got}`];
  if (Array.isArray(fake))
    return fake.length > 0 && (real as unknown[]).length > 0
      ? strangeIn(fake[0], (real as unknown[])[0], `${path}[0]`)
      : [];
  if (typeof fake !== 'object') return [];
  return Object.entries(fake)
    .filter(([name]) => !name.startsWith('last') && name !== 'behaviour')
    .flatMap(([name, value]) => strangeIn(value, (real as Answers)[name], `${path}.${name}`));
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

async function fakeAnswers(): Promise<Answers> {
  const fake = await FakeStripe.start();
  const { hostname, port } = new URL(fake.url);
  const options = {
    apiVersion: API_VERSION,
    protocol: 'http',
    host: hostname,
    port: Number(port),
    telemetry: false,
  } as const;
  const answers = await askEverything(new Stripe(fake.key, options));
  await fake.close();
  return answers;
}

describe('the fake Stripe', () => {
  it('answers everything that the service asks; the comparison sees what is strange', async () => {
    const answers = JSON.parse(JSON.stringify(await fakeAnswers())) as Answers;
    expect(strangeIn(answers, answers)).toEqual([]);
    const { paid } = answers as { paid: Answers };
    const other = { ...answers, paid: { ...paid, amount: '500', currency: undefined } };
    expect(strangeIn(answers, other)).toEqual([
      '.paid.amount: number, really string',
      '.paid.currency: string, really undefined',
    ]);
    expect(answers.decline).toMatchObject({ statusCode: 402, code: 'card_declined' });
  });

  it.skipIf(KEY === undefined)(
    'answers like the real one (skipped without STRIPE_CANARY_KEY, a test key)',
    async () => {
      if (!KEY?.startsWith('sk_test_')) throw new Error('STRIPE_CANARY_KEY has to be a test key');
      const real = await askEverything(new Stripe(KEY, { apiVersion: API_VERSION, telemetry: false }));
      expect(strangeIn(await fakeAnswers(), real)).toEqual([]);
    },
  );
});
