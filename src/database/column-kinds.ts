/**
 * How each kind of value is stored, the same on SQLite and on PostgreSQL. Entities (columns.ts) and migrations
 * (migrations/table.ts) both read this table, so that they cannot disagree.
 *
 * Instants, amounts and counts share `bigint`: PostgreSQL's `integer` ends at 2^31, and the two databases have no
 * date-time type in common (SQLite's default has whole seconds, PostgreSQL's `timestamp` loses the zone).
 */
export const COLUMN_KINDS = {
  /** Keys are text, not `uuid`: PostgreSQL answers a malformed uuid with an error, SQLite with no row. */
  id: { type: 'varchar', length: 64 },
  reference: { type: 'varchar', length: 64 },
  text: { type: 'text' },
  /** Text with a `length`. SQLite ignores it, so migrations add a check there. */
  boundedText: { type: 'varchar' },
  amount: { type: 'bigint', isInteger: true },
  instant: { type: 'bigint', isInteger: true },
  count: { type: 'bigint', isInteger: true },
  flag: { type: 'boolean' },
  real: { type: 'double precision' },
  json: { type: 'text' },
} as const;

export type ColumnKind = keyof typeof COLUMN_KINDS;

/** Integers beyond this lose digits in JavaScript (and in SQLite's driver), so nothing stores them. */
export const LARGEST_INTEGER = Number.MAX_SAFE_INTEGER;
