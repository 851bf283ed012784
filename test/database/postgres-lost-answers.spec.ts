import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { isDomainError } from '../../src/common/domain-error.js';
import type { DatabaseConfig } from '../../src/config/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { startCuttingProxy, type CuttingProxy } from '../support/cutting-proxy.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

const HELD = 1000;
const CHARGED = 600;
/** More answers than a hold and its settlement have together. */
const MOST_ANSWERS = 60;

let database: TestDatabase;
let proxy: CuttingProxy;
let dataSource: DataSource;
let credits: Credits;

beforeAll(async () => {
  database = await openTestDatabase('postgres', CREDITS_SCHEMA);
  proxy = await startCuttingProxy(inject('postgres').port);
  const config = { ...database.config, port: proxy.port, maxConnections: 20 } as DatabaseConfig;
  dataSource = createDataSource(config, CREDITS_SCHEMA);
  await dataSource.initialize();
  credits = await createCredits({ unitOfWork: new UnitOfWork(dataSource) });
});
afterAll(async () => {
  await dataSource.destroy();
  await proxy.close();
  await database.close();
});

/** As callers do that got no answer: the same again, under the same key. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDomainError(error, 'database_unavailable')) throw error;
    }
  }
}

it('each lost answer of PostgreSQL, the one to COMMIT included, costs a repetition and nothing else', async () => {
  const { ledger } = credits;
  const userId = await credits.userWith(1);
  let rounds = 0;
  for (let nth = 1; nth <= MOST_ANSWERS; nth += 1) {
    proxy.loseAnswer(nth);
    const key = newId();
    const request = {
      userId,
      amountMicro: HELD,
      purpose: 'requests',
      reference: key,
      idempotencyKey: key,
    } as const;
    const { id } = await persistently(() => ledger.hold(request));
    await persistently(() => ledger.settle(id, CHARGED, { code: 'request_usage' }));
    rounds += 1;
    if (!proxy.hasLost) break;
  }
  proxy.loseAnswer(Infinity);
  expect(rounds).toBeGreaterThan(8);
  expect(rounds).toBeLessThan(MOST_ANSWERS);
  expect(await ledger.balanceOf(userId)).toMatchObject({
    heldMicro: 0,
    usedMicro: rounds * CHARGED,
    remainingMicro: CREDIT - rounds * CHARGED,
  });
  expect((await credits.verifier.verify()).isIntact).toBe(true);
});

it('a PostgreSQL that is far away: all are served or told 503, and nobody waits for ever', async () => {
  const { ledger } = credits;
  const userId = await credits.userWith(10);
  proxy.delay(100);
  const begun = performance.now();
  const hold = (key: string) =>
    ledger.hold({ userId, amountMicro: HELD, purpose: 'requests', reference: key, idempotencyKey: key });
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => hold(newId())));
  const tookMs = performance.now() - begun;
  proxy.delay(0);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.every(({ reason }) => isDomainError(reason, 'database_unavailable'))).toBe(true);
  expect(tookMs).toBeLessThan(15_000);
  const { heldMicro } = await ledger.balanceOf(userId);
  expect(heldMicro).toBe((outcomes.length - refused.length) * HELD);
});
