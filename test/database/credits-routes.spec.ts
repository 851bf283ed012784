import { afterAll, beforeAll, expect, it } from 'vitest';
import { CreditsController } from '../../src/credits/credits.controller.js';
import { UsageExport } from '../../src/credits/exports/usage-export.service.js';
import { LedgerService } from '../../src/credits/ledger/ledger.service.js';
import { CreditHistory } from '../../src/credits/usage/credit-history.service.js';
import { UsageRecorder } from '../../src/credits/usage/usage-recorder.js';
import { onEachDatabase } from '../support/databases.js';
import { createCreditsApp, type CreditsApp } from './credits-app.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

onEachDatabase('credit routes', CREDITS_SCHEMA, (open) => {
  let app: CreditsApp;
  let credits: Credits;
  let userId: string;

  beforeAll(async () => {
    credits = await createCredits(await open(), { signupCreditsMicro: 12.5 * CREDIT });
    userId = await credits.userWith(0);
    app = await createCreditsApp(credits, {
      controllers: [CreditsController],
      services: [LedgerService, CreditHistory, UsageExport],
      caller: () => ({ userId }),
    });
  });
  afterAll(() => app.close());

  const get = async (url: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const { status, body } = await app.send('GET', url);
    return { status, body };
  };

  it('GET credits shows the fields of the account', async () => {
    expect(await get('/credits')).toEqual({
      status: 200,
      body: {
        credits_remaining: 12.5,
        credits_total: 12.5,
        credits_overage: 0,
        credits_cap: 0,
        credits_auto_renew: false,
        credits_held: 0,
        credits_used: 0,
        credits_remaining_micros: '12500000',
        credits_total_micros: '12500000',
        credits_overage_micros: '0',
        credits_cap_micros: '0',
        credits_held_micros: '0',
        credits_used_micros: '0',
      },
    });
  });

  it('GET credits/usage shows a row per request', async () => {
    const at = Date.UTC(2026, 10, 23, 9, 30);
    const texts = {
      requestId: 'req-1',
      pool: 'default',
      instanceId: 'vast-1',
      protocol: 'openai',
      route: '/v1/models',
    };
    const numbers = { at, status: 200, durationMs: 12, bytesIn: 1, bytesOut: 2, costMicro: 1500 };
    credits.get(UsageRecorder).record({ userId, ...texts, ...numbers });
    await credits.get(UsageRecorder).flush();
    expect(await get('/credits/usage?limit=1&from=2026-11-23&to=2026-11-24T00:00:00Z')).toEqual({
      status: 200,
      body: {
        usage: [
          {
            id: expect.any(String),
            time: '2026-11-23T09:30:00.000Z',
            request_id: 'req-1',
            pool: 'default',
            instance_id: 'vast-1',
            protocol: 'openai',
            route: '/v1/models',
            status: 200,
            duration_ms: 12,
            input_tokens: null,
            output_tokens: null,
            cost_credits: 0.0015,
            gpu_cost_credits: null,
          },
        ],
        next_cursor: null,
      },
    });
  });

  it('GET credits/sessions shows a row per rental', async () => {
    const startedAt = Date.UTC(2026, 10, 23, 23, 59, 58);
    const terms = { rentalId: 'rental-1', userId, pricePerHourMicro: 3600, minimumHours: 0 };
    await credits.meter.authorize({ ...terms, clientId: 'key-1', ip: '203.0.113.9' });
    await credits.meter.start('rental-1', startedAt);
    await credits.meter.finish('rental-1', startedAt + 5000);
    expect(await get('/credits/sessions')).toEqual({
      status: 200,
      body: {
        sessions: [
          {
            id: expect.any(String),
            session_id: 'rental-1',
            kind: 'rental',
            client_id: 'key-1',
            ip: '203.0.113.9',
            date: '2026-11-23',
            time: '23:59:58',
            duration: 5,
            credits_remaining: 12.499995,
            credits_total: 12.5,
            credits_overage: 0,
            credits_cap: 0,
            credits_auto_renew: false,
          },
        ],
        next_cursor: null,
      },
    });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['from=yesterday', 'from'],
    ['to=2026-13-01', 'to'],
    ['to=2026-W47', 'to'],
    ['to=2026-11-24T10:00:00', 'to'],
    ['page=2', 'page'],
  ])('refuses ?%s naming the field', async (query, field) => {
    const { status, body } = await get(`/credits/usage?${query}`);
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: 'invalid_input',
      errors: expect.arrayContaining([expect.objectContaining({ field })]),
    });
  });
});
