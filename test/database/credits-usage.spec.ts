import { beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/common/id.js';
import { CreditHistory } from '../../src/credits/usage/credit-history.service.js';
import { CreditSession } from '../../src/credits/usage/credit-session.entity.js';
import { UsageRecord } from '../../src/credits/usage/usage-record.entity.js';
import { UsageRecorder, type UsageEvent } from '../../src/credits/usage/usage-recorder.js';
import { UsageRepository } from '../../src/credits/usage/usage.repository.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

onEachDatabase('usage', CREDITS_SCHEMA, (open) => {
  let database: TestDatabase | undefined;
  let credits: Credits;
  let recorder: UsageRecorder;
  let userId: string;

  beforeEach(async () => {
    database ??= await open();
    credits = await createCredits(database);
    recorder = credits.get(UsageRecorder);
    userId = await credits.userWith(7);
  });

  const event = (changes: Partial<UsageEvent> = {}): UsageEvent => ({
    at: credits.clock.now(),
    requestId: newId(),
    userId,
    keyId: 'key-1',
    ip: '203.0.113.9',
    pool: 'default',
    instanceId: 'vast-1',
    protocol: 'openai',
    route: '/v1/chat/completions',
    status: 200,
    durationMs: 12,
    inputTokens: 3,
    outputTokens: 4,
    bytesIn: 100,
    bytesOut: 2000,
    costMicro: 0,
    ...changes,
  });
  const rows = () => database?.unitOfWork.manager.findBy(UsageRecord, { userId });
  const sessions = () => database?.unitOfWork.manager.findBy(CreditSession, { userId });

  describe('recorder', () => {
    it('writes rows in batches when it is flushed', async () => {
      for (let index = 0; index < 1203; index++) recorder.record(event());
      expect(await rows()).toEqual([]);
      await recorder.flush();
      expect(await rows()).toHaveLength(1203);
    });

    it('writes within a second by itself', async () => {
      recorder.record(event());
      await vi.waitFor(async () => expect(await rows()).toHaveLength(1), { timeout: 5000, interval: 50 });
    });

    it('keeps rows when the database fails, and writes each once', async () => {
      const usage = credits.get(UsageRepository);
      const insert = usage.insertMissing.bind(usage);
      usage.insertMissing = async (records) => {
        await insert(records);
        throw new Error('the answer was lost');
      };
      recorder.record(event());
      await expect(recorder.flush()).rejects.toThrow('the answer was lost');
      usage.insertMissing = insert;
      recorder.record(event());
      await recorder.flush();
      expect(await rows()).toHaveLength(2);
    });

    it('drops rows instead of growing without end', async () => {
      const usage = credits.get(UsageRepository);
      const written: UsageRecord[] = [];
      usage.insertMissing = async (records) => void written.push(...records);
      for (let index = 0; index < 60_010; index++) recorder.record(event());
      await recorder.flush();
      expect(written).toHaveLength(60_000);
    });

    it('cuts what a caller can make too long or unstorable', async () => {
      const nul = String.fromCodePoint(0);
      recorder.record(event({ route: `/v1/${nul}${'x'.repeat(1000)}`, pool: null }));
      await recorder.flush();
      const [row] = (await rows()) ?? [];
      expect(row).toMatchObject({ pool: null, gpuCostMicro: null, status: 200 });
      expect(row?.route).toHaveLength(255);
    });

    it('stores whole numbers, whatever clocks and upstreams say', async () => {
      const at = credits.clock.now() + 0.6;
      recorder.record(event({ at, durationMs: 1.4, inputTokens: 1e300, outputTokens: Number.NaN }));
      await recorder.onApplicationShutdown();
      const stored = { at: Math.ceil(at), durationMs: 1, inputTokens: 0, outputTokens: 0 };
      expect(await rows()).toMatchObject([stored]);
      expect(await sessions()).toHaveLength(1);
    });

    it('writes what waits, sessions included, when the service stops', async () => {
      recorder.record(event());
      await recorder.onApplicationShutdown();
      expect(await rows()).toHaveLength(1);
      expect(await sessions()).toHaveLength(1);
    });
  });

  describe('sessions of requests', () => {
    it('become a row after 60 s without a request, with the credits as they stand', async () => {
      const startedAt = credits.clock.now();
      recorder.record(event());
      credits.clock.advance(30_000);
      recorder.record(event({ durationMs: 2000 }));
      await recorder.flush();
      credits.clock.advance(61_000);
      await recorder.flush();
      expect(await sessions()).toEqual([]);
      credits.clock.advance(1000);
      await recorder.flush();
      expect(await sessions()).toMatchObject([
        {
          kind: 'requests',
          clientId: 'key-1',
          ip: '203.0.113.9',
          startedAt,
          durationSeconds: 32,
          remainingMicro: 7 * CREDIT,
          totalMicro: 7 * CREDIT,
          firstSeq: 2,
          lastSeq: 1,
        },
      ]);
    });
  });

  describe('history', () => {
    const history = () => credits.get(CreditHistory);

    it('pages from the latest to the first, without repeating rows of one instant', async () => {
      for (let index = 0; index < 7; index++) {
        if (index % 3 === 0) credits.clock.advance(10);
        recorder.record(event());
      }
      await recorder.flush();
      const seen: UsageRecord[] = [];
      let cursor: string | undefined;
      do {
        const page = await history().usageOf(userId, { limit: 2, cursor });
        expect(page.rows.length).toBeLessThanOrEqual(2);
        seen.push(...page.rows);
        cursor = page.nextCursor ?? undefined;
      } while (cursor);
      expect(new Set(seen.map((row) => row.id)).size).toBe(7);
      const times = seen.map((row) => row.at);
      expect(times).toEqual([...times].sort((a, b) => b - a));
    });

    it('shows a user only their own, within the asked time', async () => {
      const start = credits.clock.now();
      recorder.record(event());
      recorder.record(event({ at: start + 5000 }));
      recorder.record(event({ userId: await credits.userWith(1) }));
      await recorder.flush();
      const iso = (ms: number): string => new Date(ms).toISOString();
      const query = { from: iso(start + 1), to: iso(start + 5001) };
      expect((await history().usageOf(userId, query)).rows).toMatchObject([{ at: start + 5000 }]);
      const before = { to: iso(start + 5000) };
      expect((await history().usageOf(userId, before)).rows).toMatchObject([{ at: start }]);
    });

    it('refuses a cursor that it did not make', async () => {
      const page = history().sessionsOf(userId, { cursor: 'bm9wZQ' });
      await expect(page).rejects.toMatchObject({ status: 422, code: 'invalid_cursor' });
    });
  });
});
