import { driverErrorOf } from './database-error.js';
import { constraintName } from './naming-strategy.js';

const SQLITE_MESSAGE = /UNIQUE constraint failed: (.+)$/;

/**
 * Whether a statement failed because a row with the same unique values exists. With `table` and `columns` (as the
 * database calls them) only that constraint counts, else any.
 *
 * On PostgreSQL the error has ended the transaction: catch it outside `UnitOfWork.run`, or insert with
 * `.orIgnore()` and look at what is there.
 */
export function isUniqueViolation(error: unknown, table?: string, columns: readonly string[] = []): boolean {
  const driverError = driverErrorOf(error);
  if (driverError?.code === '23505') return !table || isNamed(driverError.constraint, table, columns);
  if (driverError?.code !== 'SQLITE_CONSTRAINT') return false;
  const violated = SQLITE_MESSAGE.exec(driverError.message)?.[1];
  return (
    violated !== undefined && (!table || violated === columns.map((name) => `${table}.${name}`).join(', '))
  );
}

function isNamed(constraint: string | undefined, table: string, columns: readonly string[]): boolean {
  return (['uq', 'idx', 'pk'] as const).some((kind) => constraint === constraintName(kind, table, columns));
}
