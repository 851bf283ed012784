import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Payment } from '../../src/billing/payments/payment.entity.js';
import { createLogger, NestPinoLogger } from '../../src/common/logger.js';
import { CreditTransfer } from '../../src/credits/ledger/transfer.entity.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { onEachDatabase } from '../support/databases.js';
import { quietLogs } from '../support/running-daemon.js';
import { BillingApp, type Customer } from './billing-fixture.js';

/** What is sent, what is answered, and what of it must be found nowhere afterwards. */
type Case = [
  title: string,
  body: string,
  headers: Record<string, string>,
  status: number,
  code: string,
  secret: string,
];

const pay = (amount: string, more = '"currency":"USD","provider":"stripe"'): string =>
  `{"amount":${amount},${more}}`;
const WALLET = '0x52908400098527886E0F7030069857D2E4169EEg';

const PAYMENTS: Case[] = [
  ['parts of a cent', pay('7731.005'), {}, 422, 'invalid_input', '7731.005'],
  ['less than nothing', pay('-7731'), {}, 422, 'invalid_input', '7731'],
  ['nothing', pay('0.00'), {}, 422, 'invalid_input', '0.00'],
  ['no number', pay('"NaN7731"'), {}, 422, 'invalid_input', 'NaN7731'],
  ['what JSON has no word for', pay('NaN'), {}, 400, 'malformed_request', 'NaN'],
  ['an exponent', pay('7731e3'), {}, 422, 'invalid_input', '7731'],
  ['an exponent in a text', pay('"7731e3"'), {}, 422, 'invalid_input', '7731'],
  ['too much', pay('77317731.00'), {}, 422, 'invalid_input', '77317731'],
  ['more than a number holds', pay('7731773177317731773177317731'), {}, 422, 'invalid_input', '77317731'],
  ['two amounts', pay('5,"amount":7731'), {}, 400, 'malformed_request', '7731'],
  [
    'another currency',
    pay('5', '"currency":"QZX","provider":"stripe"'),
    {},
    422,
    'unsupported_currency',
    'QZX',
  ],
  ['no currency', pay('5', '"provider":"stripe"'), {}, 422, 'invalid_input', 'undefined'],
  [
    'a processor without a key',
    pay('5', '"currency":"USD","provider":"afterdark"'),
    {},
    501,
    'provider_not_configured',
    'undefined',
  ],
  [
    'a wallet that is none, of a chain that is none',
    pay('5', '"currency":"USD","provider":"crypto"'),
    { 'x-preferred-payment': `crypto:qzxchain:${WALLET}` },
    501,
    'provider_not_configured',
    WALLET,
  ],
  [
    'a card',
    pay('5'),
    { 'x-preferred-payment': 'card:4539 1488 0343 6467:12/30:731' },
    422,
    'raw_card_not_accepted',
    '4539',
  ],
  [
    'a preference that is none',
    pay('5'),
    { 'x-preferred-payment': 'qzx:7731' },
    400,
    'invalid_payment_preference',
    'qzx',
  ],
  [
    'a token of another kind',
    pay('5'),
    { 'x-preferred-payment': 'card:pi_7731qzx' },
    400,
    'invalid_payment_preference',
    'pi_7731qzx',
  ],
];

onEachDatabase('bad input', { entities: [] }, (open) => {
  let billing: BillingApp;
  let jo: Customer;
  let admin: Customer;
  let logs: string[] = [];

  beforeAll(async () => {
    billing = await BillingApp.start((await open()).config);
    [jo, admin] = [await billing.customer(), await billing.customer(true)];
    const write = (line: string): void => void logs.push(line);
    Logger.overrideLogger(new NestPinoLogger(createLogger('debug', { write })));
  });
  afterAll(async () => {
    quietLogs();
    await billing.close();
  });

  const rows = async (): Promise<number[]> => {
    const { manager } = billing.app.get(UnitOfWork);
    return [
      await manager.count(CreditTransfer),
      await manager.count(Payment),
      billing.stripe.books.intents.size,
    ];
  };
  /** The answer, and what became of it: nothing moved, and `secret` neither said again nor logged. */
  const outcomeOf = async (
    secret: string,
    send: () => Promise<{ status: number; body: unknown }>,
  ): Promise<object> => {
    const before = await rows();
    logs = [];
    const { status, body } = await send();
    const { code } = body as { code?: string };
    const isEchoed = JSON.stringify(body).includes(secret);
    const isLogged = logs.some((line) => line.includes(secret));
    return {
      status,
      code,
      isEchoed,
      isLogged,
      moved: (await rows()).map((count, index) => count - before[index]),
    };
  };
  const refused = (status: number, code: string): object => ({
    status,
    code,
    isEchoed: false,
    isLogged: false,
    moved: [0, 0, 0],
  });

  it.each(PAYMENTS)('in a payment: %s', async (_, body, headers, status, code, secret) => {
    expect(await outcomeOf(secret, () => billing.pay(jo, body, headers))).toEqual(refused(status, code));
  });

  describe.each(['7731.0000005', '-7731', '"NaN7731"', '7731e3', '0'])(
    'as an amount of credits: %s',
    (text) => {
      it.each([
        [
          'a grant',
          () => ({
            path: '/api/v1/admin/credits/grant',
            body: `{"user_id":"${jo.userId}","credits":${text},"reason":"r"}`,
          }),
        ],
        [
          'a refund',
          async () => {
            const { id } = await billing.paid(await billing.customer(), 5);
            return { path: `/api/v1/admin/payments/${id}/refund`, body: `{"amount":${text},"reason":"r"}` };
          },
        ],
      ])('in %s', async (_, prepare) => {
        const { path, body } = await prepare();
        expect(await outcomeOf('7731', () => admin.api.post(path, body))).toEqual(
          refused(422, 'invalid_input'),
        );
      });
    },
  );

  it.each([
    ['amount', '{"enabled":true,"threshold":1,"amount":-7731,"monthly_limit":100}'],
    ['amount', '{"enabled":true,"threshold":1,"amount":7731e3,"monthly_limit":100}'],
    ['threshold', '{"enabled":true,"threshold":"NaN7731","amount":5,"monthly_limit":100}'],
    ['monthly_limit', '{"enabled":true,"threshold":1,"amount":5,"monthly_limit":7731.005}'],
  ])('in a rule of renewal: %s of %s', async (_, body) => {
    expect(await outcomeOf('7731', () => jo.api.send('PUT', '/api/v1/credits/auto-renew', body))).toEqual(
      refused(422, 'invalid_input'),
    );
  });
});
