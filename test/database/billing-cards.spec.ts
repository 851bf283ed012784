import { request } from 'node:http';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger, NestPinoLogger } from '../../src/common/logger.js';
import { onEachDatabase } from '../support/databases.js';
import { FakeAfterDark } from '../support/fake-afterdark.js';
import { asWritten, plantedCards, runsOf } from '../support/fake-stripe-cards.js';
import { quietLogs } from '../support/running-daemon.js';
import { BillingApp, type Customer } from './billing-fixture.js';

const STRIPE = { amount: 5, currency: 'USD', provider: 'stripe' };
const CARDS = plantedCards(200, 11).map((number, index) => ({ number, text: asWritten(number, index) }));

/** Numbers that are no card: ids, instants and hashes hold runs of six digits by chance. */
const CHANCE =
  /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|"?\b1[67]\d{8,11}\b"?|(?:pi|ad|pm|re|evt|cs|cus|ch|txn)_?fake\d+/g;

interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: object | string;
}

onEachDatabase('card numbers', { entities: [] }, (open) => {
  let billing: BillingApp;
  let afterDark: FakeAfterDark;
  let jo: Customer;
  const logs: string[] = [];
  const answers: { about: string; text: string; number: string }[] = [];

  beforeAll(async () => {
    afterDark = await FakeAfterDark.start(() => billing.clock.now());
    billing = await BillingApp.start((await open()).config, {
      ...afterDark.settings,
      REGISTER_RATE_LIMIT_PER_HOUR: '0',
    });
    jo = await billing.customer();
    Logger.overrideLogger(
      new NestPinoLogger(createLogger('debug', { write: (line) => void logs.push(line) })),
    );
  });
  afterAll(async () => {
    quietLogs();
    await billing.close();
    await afterDark.close();
  });

  /** node:http, because fetch refuses some of these headers; the whole answer as text. */
  function send({
    method = 'POST',
    path,
    headers = {},
    body,
  }: Sent): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const all = { 'x-api-key': jo.api.key, 'content-type': 'application/json', ...headers };
      const outgoing = request(`${billing.url}${path}`, { method, headers: all }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const text = `${JSON.stringify(incoming.headers)}\n${Buffer.concat(chunks).toString()}`;
          resolve({ status: incoming.statusCode ?? 0, text });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
    });
  }

  const PLACES: Record<string, (text: string, number: string) => Sent> = {
    'the payment header': (text) => ({
      path: '/api/v1/billing/payment',
      body: STRIPE,
      headers: { 'x-preferred-payment': `card:${text}:12/30:123` },
    }),
    'the payment header for AfterDark': (text) => ({
      path: '/api/v1/billing/payment',
      body: { ...STRIPE, provider: 'afterdark' },
      headers: { 'x-preferred-payment': `card:${text}` },
    }),
    'the payment header of another route': (text) => ({
      method: 'GET',
      path: '/api/v1/credits',
      headers: { 'x-preferred-payment': `card:${text}:12/30:123` },
    }),
    'the body': (text) => ({
      path: '/api/v1/billing/payment',
      body: { ...STRIPE, payment_preference: { card_num: text, cvv: '123' } },
    }),
    'a name in the body': (_, number) => ({
      path: '/api/v1/billing/payment',
      body: { ...STRIPE, [number]: 1 },
    }),
    'the asset': (text) => ({ path: '/api/v1/billing/payment', body: { ...STRIPE, asset: text } }),
    'the amount': (text) => ({ path: '/api/v1/billing/payment', body: { ...STRIPE, amount: text } }),
    'the return address': (_, number) => ({
      path: '/api/v1/billing/payment',
      body: { ...STRIPE, return_url: `https://shop.example/${number}` },
    }),
    'broken JSON': (text) => ({ path: '/api/v1/billing/payment', body: `{"amount": "${text}"` }),
    'the query': (_, number) => ({ method: 'GET', path: `/api/v1/billing/transactions?cursor=${number}` }),
    'a name in the query': (_, number) => ({
      method: 'GET',
      path: `/api/v1/billing/transactions?${number}=1`,
    }),
    'the path': (_, number) => ({ method: 'GET', path: `/api/v1/billing/transactions/${number}` }),
    'a path that is none': (_, number) => ({ method: 'GET', path: `/api/v1/${number}` }),
    'the user agent': (text) => ({
      path: '/api/v1/auth/login',
      headers: { 'user-agent': `shop ${text}` },
      body: { email: 'nobody@example.com', password: 'secure-password' },
    }),
    'the request id': (_, number) => ({
      method: 'GET',
      path: '/api/v1/credits',
      headers: { 'x-request-id': number },
    }),
    'the idempotency key': (_, number) => ({
      path: '/api/v1/billing/payment',
      body: STRIPE,
      headers: { 'idempotency-key': number },
    }),
    'the billing header': (text) => ({
      path: '/api/v1/billing/payment',
      body: { amount: 5, currency: 'USD' },
      headers: { 'x-billing': text },
    }),
    "a person's name": (text) => ({
      path: '/api/v1/auth/register',
      body: { email: 'a@example.com', password: 'secure-password', name: `Jo ${text}` },
    }),
    "a pool's name": (_, number) => ({ path: '/api/v1/gpu/pools', body: { name: number } }),
    'a call-back': (text) => ({ path: '/api/v1/billing/webhooks/stripe', body: { card: text } }),
  };

  it.each(Object.keys(PLACES))(
    'in %s: 200 of them are answered without a digit of them',
    async (about) => {
      for (const { number, text } of CARDS) {
        const answer = await send(PLACES[about](text, number));
        expect(answer.status).not.toBe(500);
        answers.push({ about, number, text: answer.text });
      }
      const leaks = answers.filter(
        (answer) => answer.about === about && leaksInto(answer.text, answer.number),
      );
      expect(leaks.map(({ text }) => text)).toEqual([]);
    },
    60_000,
  );

  const leaksInto = (text: string, number: string): boolean => {
    const plain = text.replaceAll(CHANCE, '');
    return runsOf(number).some((run) => plain.includes(run));
  };

  /** Eight digits in a row do not happen by chance in a few megabytes. */
  const hitsIn = (text: string): string[] =>
    CARDS.filter(({ number }) => {
      const eights = Array.from({ length: number.length - 7 }, (_, start) => number.slice(start, start + 8));
      return eights.some((run) => text.includes(run));
    }).map(({ number }) => number);

  describe('afterwards are', () => {
    it('in no table', async () => {
      const dataSource = billing.app.get(DataSource);
      const found: string[] = [];
      for (const { tableName } of dataSource.entityMetadatas) {
        const rows = JSON.stringify(await dataSource.query(`SELECT * FROM "${tableName}"`));
        if (hitsIn(rows).length > 0) found.push(tableName);
      }
      expect(dataSource.entityMetadatas.length).toBeGreaterThan(20);
      expect(found).toEqual([]);
    });

    it('in no line of the log', () => {
      expect(logs.length).toBeGreaterThan(0);
      expect(hitsIn(logs.join('\n'))).toEqual([]);
    });

    it('at no processor', () => {
      const stripe = JSON.stringify(billing.stripe.calls);
      expect(hitsIn(stripe + afterDark.captures.join('\n'))).toEqual([]);
    });
  });

  it('that Stripe has published for tests work as their payment methods, and go no further', async () => {
    const { status, text } = await send(PLACES['the payment header']('4242 4242 4242 4242', ''));
    expect(status).toBe(201);
    expect(text).toContain('"completed"');
    expect(text).not.toContain('424242');
    expect(JSON.stringify(billing.stripe.calls)).not.toContain('424242');
  });
});
