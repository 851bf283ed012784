import type { QueryRunner } from 'typeorm';
import { isSqlite } from './table.js';

const codeRule = (codes: readonly string[]): string =>
  `code IN (${codes.map((code) => `'${code}'`).join(', ')})`;

/** The set of codes is closed, and held by the database: this opens it for others. */
export async function changeTransferCodes(
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
