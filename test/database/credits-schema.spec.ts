import { beforeAll, expect, it } from 'vitest';
import { Credits1764000000200 } from '../../migrations/1764000000200-credits.js';
import { RequestBlocks1764000000210 } from '../../migrations/1764000000210-request-blocks.js';
import { UnitEconomics1764000000211 } from '../../migrations/1764000000211-unit-economics.js';
import { Quotas1764000000212 } from '../../migrations/1764000000212-quotas.js';
import { AutoRenew1764000000213 } from '../../migrations/1764000000213-auto-renew.js';
import { KeyBudgets1764000000214 } from '../../migrations/1764000000214-key-budgets.js';
import { CashBook1764000000220 } from '../../migrations/1764000000220-cash-book.js';
import { findDrift } from '../../src/database/drift.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDITS_SCHEMA } from './credits-fixture.js';

const MIGRATIONS = [
  Credits1764000000200,
  RequestBlocks1764000000210,
  UnitEconomics1764000000211,
  Quotas1764000000212,
  AutoRenew1764000000213,
  KeyBudgets1764000000214,
  CashBook1764000000220,
];
const onlyCredits = { ...CREDITS_SCHEMA, migrations: MIGRATIONS };

const EXACT_TYPES = new Set(['bigint', 'boolean', 'text', 'varchar', 'character varying']);

onEachDatabase('schema of the ledger', onlyCredits, (open) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await open();
  });

  it('is what the entities say', async () => {
    expect(await findDrift(database.dataSource)).toEqual([]);
  });

  it('has no column that could hold a fraction', async () => {
    const runner = database.dataSource.createQueryRunner();
    const names = database.dataSource.entityMetadatas.map((entity) => entity.tableName);
    const tables = await runner.getTables(names);
    await runner.release();
    const types = tables.flatMap((table) => table.columns.map((column) => column.type));
    expect(types.filter((type) => !EXACT_TYPES.has(type))).toEqual([]);
    expect(types.length).toBeGreaterThan(80);
  });

  it('goes away without a trace', async () => {
    for (const _ of MIGRATIONS) await database.dataSource.undoLastMigration();
    const rows = await database.dataSource.query<{ name: string }[]>(
      database.kind === 'sqlite'
        ? `SELECT name FROM sqlite_master WHERE name LIKE '%credit%' OR name LIKE '%rental%' OR name LIKE '%usage%' OR name LIKE '%request%' OR name LIKE '%renew%'`
        : `SELECT proname AS name FROM pg_proc WHERE proname IN ('refuse_ledger_change', 'require_zero_sum')
           UNION SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'`,
    );
    expect(rows).toEqual([]);
  });
});
