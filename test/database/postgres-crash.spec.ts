import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { MIGRATIONS } from '../../migrations/index.js';
import { newId } from '../../src/common/id.js';
import type { DatabaseConfig } from '../../src/config/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { startPostgres, type PostgresServer } from '../support/postgres-server.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

const WORKERS = 8;

interface Attempt {
  key: string;
  /** `done`, or the code of the error. */
  outcome: string;
  at: number;
}

let server: PostgresServer;
let credits: Credits;
let close: () => Promise<void>;

beforeAll(async () => {
  server = await startPostgres();
  const { host, port, user } = server;
  const config: DatabaseConfig = {
    type: 'postgres',
    host,
    port,
    user,
    name: 'postgres',
    sslMode: 'disable',
    maxConnections: WORKERS,
  };
  await migrateDatabase(config, MIGRATIONS);
  const dataSource = createDataSource(config, CREDITS_SCHEMA);
  await dataSource.initialize();
  credits = await createCredits({ unitOfWork: new UnitOfWork(dataSource) });
  close = () => dataSource.destroy();
});
afterAll(async () => {
  await close();
  await server.stop();
});

it('PostgreSQL may crash under load: 503, then everything goes on; what was acknowledged is there, once', async () => {
  const userId = await credits.userWith(1);
  const attempts: Attempt[] = [];
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const give = async (key: string): Promise<string> => {
    const input = { userId, amountMicro: 1, reason: 'load', idempotencyKey: key };
    const answer = credits.ledger.grant(input);
    return answer.then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
  };
  const work = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const key = newId();
      attempts.push({ key, outcome: await give(key), at: performance.now() });
    }
  };
  const doneSince = (at: number): number =>
    attempts.filter((attempt) => attempt.outcome === 'done' && attempt.at > at).length;
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const workers = Array.from({ length: WORKERS }, work);
  await until(() => doneSince(0) > 50);
  await server.crash();
  await until(() => attempts.some(({ outcome }) => outcome !== 'done'));
  await server.startAgain();
  const upAt = performance.now();
  await until(() => doneSince(upAt) > 50);
  over.abort();
  await Promise.all(workers);

  const failed = attempts.filter(({ outcome }) => outcome !== 'done');
  expect(new Set(failed.map(({ outcome }) => outcome))).toEqual(new Set(['database_unavailable']));
  const firstAfter = Math.min(
    ...attempts.filter(({ outcome, at }) => outcome === 'done' && at > upAt).map(({ at }) => at),
  );
  expect(firstAfter - upAt).toBeLessThan(3000);
  for (const { key } of failed) expect(await give(key)).toBe('done');
  expect((await credits.ledger.balanceOf(userId)).totalMicro).toBe(CREDIT + attempts.length);
  expect((await credits.verifier.verify()).isIntact).toBe(true);
});
