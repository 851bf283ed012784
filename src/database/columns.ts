import { Column, FindOperator, PrimaryColumn, type ColumnOptions, type ValueTransformer } from 'typeorm';
import { COLUMN_KINDS } from './column-kinds.js';

export interface ColumnChoice {
  nullable?: boolean;
  /** A unique constraint on this column alone; the migration declares it with `table.unique([...])`. */
  unique?: boolean;
}

/**
 * Integers in `bigint` columns: SQLite returns numbers, PostgreSQL strings. Both become numbers here.
 * @throws RangeError for fractions, NaN and integers beyond 2^53-1, which would lose digits without a word
 */
export const safeInteger: ValueTransformer = {
  // Conditions of update and delete come through here as they are: `LessThan(now)`.
  to: (value: unknown) =>
    isAbsent(value) || value instanceof FindOperator ? value : requireSafeInteger(value),
  from: (value: unknown) => (isAbsent(value) ? value : requireSafeInteger(Number(value))),
};

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function requireSafeInteger(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new RangeError(`not an integer within 2^53-1: ${String(value)}`);
}

/** The primary key: text made by `newId()` in code, never by the database. */
export const Id = (): PropertyDecorator => PrimaryColumn(COLUMN_KINDS.id);

/** The id of a row of this or another module. The foreign key, if there is one, stands in the migration. */
export const Reference = (choice: ColumnChoice = {}): PropertyDecorator =>
  Column({ ...COLUMN_KINDS.reference, ...choice });

/** Text of any length, or of at most `length` characters (for what is indexed and for what callers send). */
export const Text = (choice: ColumnChoice & { length?: number } = {}): PropertyDecorator => {
  const { length } = choice;
  return Column(
    length ? { ...COLUMN_KINDS.boundedText, ...choice, length } : { ...COLUMN_KINDS.text, ...choice },
  );
};

const integerColumn = (choice: ColumnChoice): PropertyDecorator => {
  const options: ColumnOptions = { type: 'bigint', transformer: safeInteger, ...choice };
  return Column(options);
};

/** Micro-credits, an integer within 2^53-1, negative for debts. */
export const Amount = (choice: ColumnChoice = {}): PropertyDecorator => integerColumn(choice);

/** Epoch milliseconds. Set in code from the `Clock`, so that both databases have the same precision. */
export const Instant = (choice: ColumnChoice = {}): PropertyDecorator => integerColumn(choice);

/** A whole number that is no money and no time: attempts, tokens, bytes, versions. */
export const Count = (choice: ColumnChoice = {}): PropertyDecorator => integerColumn(choice);

export const Flag = (choice: ColumnChoice = {}): PropertyDecorator =>
  Column({ ...COLUMN_KINDS.flag, ...choice });

/** A floating-point measurement. Never money. */
export const Real = (choice: ColumnChoice = {}): PropertyDecorator =>
  Column({ ...COLUMN_KINDS.real, ...choice });

/** Any JSON value, stored as text: written and read whole, never searched by the database. */
export const Json = (choice: ColumnChoice = {}): PropertyDecorator =>
  Column({ type: 'simple-json', ...choice });
