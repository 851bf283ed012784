import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { StatementBuilder } from '../../src/credits/statements/statement-builder.js';
import { StatementsController } from '../../src/credits/statements/statements.controller.js';
import type { StatementView } from '../../src/credits/statements/statement.view.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { createCreditsApp, type CreditsApp } from './credits-app.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

onEachDatabase('statements', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase;
  let app: CreditsApp;
  let credits: Credits;
  let userId: string;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    credits = await createCredits(database);
    credits.clock.advance(Date.UTC(2026, 10, 20) - credits.clock.now());
    app = await createCreditsApp(credits, {
      controllers: [StatementsController],
      services: [StatementBuilder],
      caller: () => ({ userId, email: 'a&b@example.com' }),
    });
    userId = await credits.userWith(100);
  });
  afterAll(() => app.close());

  const show = (month: string, accept = 'application/json') =>
    app.send<StatementView>('GET', `/billing/statements/${month}`, undefined, { accept });
  const rentFor = async (hours: number): Promise<string> => {
    const rentalId = newId();
    await credits.meter.authorize({ rentalId, userId, pricePerHourMicro: CREDIT, minimumHours: 0 });
    await credits.meter.start(rentalId, credits.clock.now());
    for (let hour = 0; hour < hours; hour++) {
      credits.clock.advance(HOUR);
      await credits.meter.tick(rentalId, credits.clock.now());
    }
    await credits.meter.finish(rentalId, credits.clock.now());
    return rentalId;
  };
  const sell = async (amountMicro: number): Promise<void> => {
    const hold = {
      userId,
      amountMicro,
      purpose: 'requests' as const,
      reference: 'r',
      idempotencyKey: newId(),
    };
    const { id } = await credits.ledger.hold(hold);
    await credits.ledger.settle(id, amountMicro, { code: 'request_usage', reference: 'requests' });
  };

  it('have a line per rental, per day of requests and per movement', async () => {
    const rentalId = await rentFor(3);
    await sell(1500);
    await sell(500);
    credits.clock.advance(DAY);
    await sell(1);
    await credits.ledger.post({
      userId,
      amountMicro: 5 * CREDIT,
      code: 'purchase',
      idempotencyKey: 'p',
      reference: 'pay-1',
    });
    const { status, body } = await show('2026-11');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      month: '2026-11',
      is_final: false,
      opening_balance: 0,
      closing_balance: 101.997999,
    });
    expect(
      body.lines.map(({ title, reference, count, amount_credits }) => [
        title,
        reference,
        count,
        amount_credits,
      ]),
    ).toEqual([
      ['Credits granted', null, 1, 100],
      ['GPU rental', rentalId, 3, -3],
      ['Requests', 'requests', 2, -0.002],
      ['Requests', 'requests', 1, -0.000001],
      ['Purchase', 'pay-1', 1, 5],
    ]);
  });

  it('begin where the one before ended', async () => {
    await rentFor(2);
    credits.clock.advance(20 * DAY);
    await sell(7);
    const [november, december] = [(await show('2026-11')).body, (await show('2026-12')).body];
    expect(november).toMatchObject({ is_final: true, closing_balance: 98, to: '2026-12-01T00:00:00.000Z' });
    expect(december).toMatchObject({ is_final: false, opening_balance: 98, closing_balance: 97.999993 });
    expect((await show('2026-10')).body).toMatchObject({ opening_balance: 0, closing_balance: 0, lines: [] });
  });

  it('add up to the micro-credit, whatever happened', async () => {
    const codes = fc.constantFrom(
      'grant' as const,
      'purchase' as const,
      'refund' as const,
      'chargeback' as const,
    );
    const steps = fc.array(
      fc.record({ code: codes, amount: fc.integer({ min: 1, max: 9_999_999 }), days: fc.nat(20) }),
      {
        maxLength: 12,
      },
    );
    const addUp = fc.asyncProperty(steps, async (movements) => {
      userId = await credits.userWith(50);
      const first = new Date(credits.clock.now());
      for (const { code, amount, days } of movements) {
        credits.clock.advance(days * DAY);
        const amountMicro = code === 'grant' || code === 'purchase' ? amount : -amount;
        await credits.ledger
          .post({ userId, amountMicro, code, idempotencyKey: newId() })
          .catch(() => undefined);
      }
      let balance = 0;
      for (let month = first; month.getTime() <= credits.clock.now();) {
        const statement = await credits.get(StatementBuilder).build(userId, month.toISOString().slice(0, 7));
        expect(statement.openingMicro).toBe(balance);
        balance += statement.lines.reduce((sum, line) => sum + line.amountMicro, 0);
        expect(statement.closingMicro).toBe(balance);
        month = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1));
      }
      const { remainingMicro, overageMicro } = await credits.ledger.balanceOf(userId);
      expect(balance).toBe(remainingMicro - overageMicro);
    });
    await fc.assert(addUp, { numRuns: 10 });
  });

  it('are a page to print for those who want HTML, in which nothing is a tag that a person wrote', async () => {
    const reason = '<script>alert("1")</script> & more';
    await credits.ledger.grant({ userId, amountMicro: 1, reason, idempotencyKey: 'x' });
    const { headers, text } = await show('2026-11', 'text/html,*/*;q=0.8');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      vary: 'accept',
    });
    expect(text).toContain('@page { size: A4');
    expect(text).toContain('a&amp;b@example.com');
    expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more');
    expect(text).not.toContain('<script');
    expect(text).toMatch(/Closing balance<\/td><td class="amount">100.000001</);
  });

  it.each([
    ['2026-13', 422, 'invalid_input'],
    ['2026-1', 422, 'invalid_input'],
    ['now', 422, 'invalid_input'],
    ['2027-01', 404, 'statement_not_found'],
  ])('of %s are refused with %s', async (month, status, code) => {
    expect(await show(month)).toMatchObject({ status, body: { code } });
  });

  it('come in no other form', async () => {
    expect(await show('2026-11', 'application/pdf')).toMatchObject({
      status: 406,
      body: { code: 'not_acceptable' },
    });
  });
});
