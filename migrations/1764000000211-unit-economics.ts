import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isSqlite } from './table.js';
import { changeTransferCodes } from './transfer-code-rule.js';

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
export const CODES_WITH_COSTS = [...CODES_BEFORE, 'gpu_cost'];

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
    await changeTransferCodes(runner, CODES_BEFORE, CODES_WITH_COSTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await changeTransferCodes(runner, CODES_WITH_COSTS, CODES_BEFORE);
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
