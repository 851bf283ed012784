import { afterAll, beforeAll, expect, it } from 'vitest';
import { CreditsController } from '../../src/credits/credits.controller.js';
import { UsageExport } from '../../src/credits/exports/usage-export.service.js';
import { LedgerService } from '../../src/credits/ledger/ledger.service.js';
import { CreditHistory } from '../../src/credits/usage/credit-history.service.js';
import { UsageRecorder } from '../../src/credits/usage/usage-recorder.js';
import { onEachDatabase } from '../support/databases.js';
import { createCreditsApp, type CreditsApp } from './credits-app.js';
import { CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

onEachDatabase('usage as a file', CREDITS_SCHEMA, (open) => {
  let app: CreditsApp;
  let credits: Credits;
  let userId: string;

  beforeAll(async () => {
    credits = await createCredits(await open());
    app = await createCreditsApp(credits, {
      controllers: [CreditsController],
      services: [LedgerService, CreditHistory, UsageExport],
      caller: () => ({ userId }),
    });
  });
  afterAll(() => app.close());

  const record = async (count: number, facts: object = {}): Promise<void> => {
    userId = await credits.userWith(0);
    const at = Date.UTC(2026, 10, 23);
    for (let index = 0; index < count; index++) {
      const texts = { requestId: `req-${index}`, protocol: 'openai', route: '/v1/models', pool: 'llm' };
      const numbers = { status: 200, durationMs: 5, bytesIn: 1, bytesOut: 2, costMicro: 1500 };
      credits.get(UsageRecorder).record({ userId, at: at + index * 1000, ...texts, ...numbers, ...facts });
    }
    await credits.get(UsageRecorder).flush();
  };
  const rowsOf = (text: string): string[] => text.trimEnd().split(/\r?\n/);

  it('has every row, beyond what a page shows', async () => {
    await record(1203);
    const csv = await app.send('GET', '/credits/usage?format=csv');
    expect(csv.headers).toMatchObject({
      'content-type': expect.stringContaining('text/csv'),
      'content-disposition': 'attachment; filename="usage.csv"',
    });
    const [header, ...rows] = rowsOf(csv.text);
    expect(header).toBe(
      'id,time,request_id,pool,instance_id,protocol,route,status,duration_ms,input_tokens,output_tokens,cost_credits,gpu_cost_credits',
    );
    expect(new Set(rows).size).toBe(1203);
    expect(rows[0]).toMatch(/,2026-11-23T00:20:02.000Z,req-1202,llm,,openai,\/v1\/models,200,5,,,0.0015,$/);
    const lines = rowsOf((await app.send('GET', '/credits/usage?format=ndjson')).text);
    expect(lines).toHaveLength(1203);
    expect(JSON.parse(lines[0])).toMatchObject({
      request_id: 'req-1202',
      cost_credits: 0.0015,
      input_tokens: null,
    });
  });

  it('has the rows of the asked time', async () => {
    await record(100);
    const range = 'from=2026-11-23T00:00:10Z&to=2026-11-23T00:00:20Z';
    const { text } = await app.send('GET', `/credits/usage?format=ndjson&${range}`);
    expect(rowsOf(text)).toHaveLength(10);
  });

  it.each(['=1+2', '+cmd', '-1', '@SUM(A1)', '\tx', '\rx'])('cannot smuggle the formula %j', async (pool) => {
    await record(1, { pool });
    const { text } = await app.send('GET', '/credits/usage?format=csv');
    expect(text).toContain(`'${pool}`);
  });

  it('keeps a name with commas and quotes in its cell', async () => {
    await record(1, { pool: 'a,"b"\n' });
    const { text } = await app.send('GET', '/credits/usage?format=csv');
    expect(text).toContain(',"a,""b""\n",');
  });

  it('is empty but for its header when there is nothing', async () => {
    await record(0);
    expect(rowsOf((await app.send('GET', '/credits/usage?format=csv')).text)).toHaveLength(1);
    expect((await app.send('GET', '/credits/usage?format=ndjson')).text).toBe('');
  });

  it('comes in the formats that there are', async () => {
    expect((await app.send('GET', '/credits/usage?format=xls')).status).toBe(422);
    expect((await app.send('GET', '/credits/usage?format=json')).body).toHaveProperty('usage');
  });
});
