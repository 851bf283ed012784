import { env, stdout } from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import { Entity } from 'typeorm';
import { newId } from '../../src/common/id.js';
import { Id, Text } from '../../src/database/columns.js';
import { RequestBudget } from '../../src/credits/requests/request-budget.js';
import { createCredits, CREDITS_SCHEMA, type Credits } from '../database/credits-fixture.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';

/**
 * What money costs, beside the least that a durable write can cost on the same machine in the same minute: one row
 * inserted in a transaction of its own. `npm run bench:ledger`; BENCH_SECONDS is the length of one round.
 */
const SECONDS = Number(env.BENCH_SECONDS ?? 3);
const ROUNDS = 3;
const WORKERS = [1, 16, 64];
/** With many workers, which is what a hot account has; one worker waits for two commits where an insert waits for one. */
const WANTED_RATIO = 0.4;

@Entity('bench_rows')
class BenchRow {
  @Id() id: string;
  @Text() text: string;
}

interface Figures {
  inserts: number;
  pairs: number;
}

/** Operations per second of so many workers that each do one after the other. */
async function rate(workers: number, operation: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const end = start + SECONDS * 1000;
  let done = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      await operation();
      done++;
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return (done * 1000) / (performance.now() - start);
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const print = (line: string): void => void stdout.write(`${line}\n`);

print('| database | workers | inserts/s | hold + settle pairs/s | pairs per insert | |');
print('|---|--:|--:|--:|--:|---|');

describe.each(['sqlite', 'postgres'] as const)('ledger on %s', (kind) => {
  let database: TestDatabase;
  let credits: Credits;
  let userId: string;

  beforeAll(async () => {
    const entities = [...CREDITS_SCHEMA.entities, BenchRow];
    database = await openTestDatabase(kind, { entities });
    await database.dataSource.query(
      'CREATE TABLE bench_rows (id varchar(64) PRIMARY KEY, text text NOT NULL)',
    );
    credits = await createCredits(database, { requestPriceMicro: 10 });
    userId = await credits.userWith(1_000_000);
    return () => database.close();
  });

  const insert = (): Promise<unknown> =>
    database.unitOfWork.run((manager) => manager.insert(BenchRow, { id: newId(), text: 'one row' }));
  const holdAndSettle = async (): Promise<void> => {
    const hold = { userId, amountMicro: 1000, purpose: 'requests' as const, reference: 'bench' };
    const { id } = await credits.ledger.hold({ ...hold, idempotencyKey: newId() });
    await credits.ledger.settle(id, 600, { code: 'request_usage' });
  };

  it.each(WORKERS)('hold and settle on one account, %i workers', async (workers) => {
    const figures: Figures[] = [];
    for (let round = 0; round < ROUNDS; round++)
      figures.push({ inserts: await rate(workers, insert), pairs: await rate(workers, holdAndSettle) });
    const [inserts, pairs] = [
      median(figures.map((one) => one.inserts)),
      median(figures.map((one) => one.pairs)),
    ];
    const ratio = median(figures.map((one) => one.pairs / one.inserts));
    const verdict = ratio >= WANTED_RATIO ? 'as wanted' : 'less than wanted';
    print(
      `| ${kind} | ${workers} | ${inserts.toFixed(0)} | ${pairs.toFixed(0)} | ${ratio.toFixed(2)} | ${verdict} |`,
    );
    expect((await credits.verifier.verify()).isIntact).toBe(true);
  });

  it('requests from a block', async () => {
    const budget = credits.get(RequestBudget);
    const perSecond = await rate(64, async () => {
      for (let request = 0; request < 100; request++)
        await budget.charge(await budget.admit(userId, 10), { isDelivered: true });
    });
    print(
      `| ${kind} | 64 | - | - | - | requests admitted and charged in memory: ${(perSecond * 100).toFixed(0)}/s |`,
    );
    await credits.stop();
    expect(perSecond).toBeGreaterThan(0);
  });
});
