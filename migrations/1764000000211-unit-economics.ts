import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isSqlite } from './table.js';

const LARGEST = Number.MAX_SAFE_INTEGER;
const CODES_BEFORE = [
  'signup_grant',
  'grant',
  'purchase',
  'renewal',
  'gpu_usage',
  'request_usage',
  'usage_refund',
  'refund',
  'refund_reversal',
  'refund_clawback',
  'chargeback',
  'chargeback_reversal',
  'admin_correction',
  'writeoff',
];
const CODES_NOW = [...CODES_BEFORE, 'gpu_cost'];

/** What the farms take for rentals, and each request's share of it. */
export class UnitEconomics1764000000211 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const integer = integerColumns(isSqlite(runner));
    await runner.query(
      `ALTER TABLE "rental_meters" ADD COLUMN "provider" varchar(32) NOT NULL DEFAULT 'unknown'`,
    );
    await runner.query(integer('rental_meters', 'provider_price_per_hour_micro', 'NOT NULL DEFAULT 0'));
    await runner.query(integer('rental_meters', 'cost_micro', 'NOT NULL DEFAULT 0'));
    await runner.query(`ALTER TABLE "usage_records" ADD COLUMN "rental_id" varchar(64)`);
    await runner.query(integer('usage_records', 'busy_ms'));
    await runner.query(integer('usage_records', 'provider_cost_micro'));
    await runner.query('CREATE INDEX "idx_usage_records_at" ON "usage_records" ("at")');
    await changeCodes(runner, CODES_BEFORE, CODES_NOW);
  }

  async down(runner: QueryRunner): Promise<void> {
    await changeCodes(runner, CODES_NOW, CODES_BEFORE);
    await runner.query('DROP INDEX "idx_usage_records_at"');
    for (const column of ['provider_cost_micro', 'busy_ms', 'rental_id'])
      await runner.query(`ALTER TABLE "usage_records" DROP COLUMN "${column}"`);
    for (const column of ['cost_micro', 'provider_price_per_hour_micro', 'provider'])
      await runner.query(`ALTER TABLE "rental_meters" DROP COLUMN "${column}"`);
  }
}

/** As TableBuilder makes them. */
function integerColumns(isOnSqlite: boolean) {
  return (table: string, column: string, rules = ''): string => {
    const range = `"${column}" BETWEEN -${LARGEST} AND ${LARGEST}`;
    const check = isOnSqlite ? `${range} AND typeof("${column}") IN ('integer', 'null')` : range;
    const constraint = `CONSTRAINT "chk_${table}_${column}_range" CHECK (${check})`;
    return `ALTER TABLE "${table}" ADD COLUMN "${column}" bigint ${rules} ${constraint}`;
  };
}

const codeRule = (codes: readonly string[]): string =>
  `code IN (${codes.map((code) => `'${code}'`).join(', ')})`;

async function changeCodes(
  runner: QueryRunner,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  if (isSqlite(runner)) return rewriteCheck(runner, codeRule(before), codeRule(after));
  const constraint = '"chk_credit_transfers_code"';
  await runner.query(`ALTER TABLE "credit_transfers" DROP CONSTRAINT ${constraint}`);
  await runner.query(
    `ALTER TABLE "credit_transfers" ADD CONSTRAINT ${constraint} CHECK (${codeRule(after)})`,
  );
}

/**
 * SQLite cannot alter a check. Its documentation allows to rewrite the text of one in place, which keeps the table's
 * triggers and rows: https://www.sqlite.org/lang_altertable.html#otheralter (the simpler procedure).
 */
async function rewriteCheck(runner: QueryRunner, before: string, after: string): Promise<void> {
  const [{ schema_version: version }] = (await runner.query('PRAGMA schema_version')) as {
    schema_version: number;
  }[];
  await runner.query('PRAGMA writable_schema = ON');
  const update = `UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?`;
  await runner.query(update, [before, after, 'credit_transfers']);
  await runner.query(`PRAGMA schema_version = ${version + 1}`);
  await runner.query('PRAGMA writable_schema = OFF');
}
