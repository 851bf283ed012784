import { Table, TableCheck, TableForeignKey, TableIndex, TableUnique } from 'typeorm';
import type { QueryRunner, TableColumnOptions } from 'typeorm';
import { COLUMN_KINDS, LARGEST_INTEGER, type ColumnKind } from '../src/database/column-kinds.js';
import { constraintName } from '../src/database/naming-strategy.js';
import { makeAppendOnly } from './append-only.js';

interface ColumnRules {
  nullable?: boolean;
  /** For rows that other hands insert; code sets every value itself. */
  default?: number | string | boolean;
}

interface ForeignKeyRules {
  /** The table whose `id` is meant. */
  to: string;
  /** Default: the parent cannot be deleted. */
  onDelete?: 'RESTRICT' | 'CASCADE' | 'SET NULL';
}

/** What a table consists of. Column methods match the decorators of src/database/columns.ts one to one. */
export class TableBuilder {
  readonly columns: TableColumnOptions[] = [];
  readonly indices: TableIndex[] = [];
  readonly uniques: TableUnique[] = [];
  readonly foreignKeys: TableForeignKey[] = [];
  readonly checks: TableCheck[] = [];
  isAppendOnly = false;

  constructor(
    readonly name: string,
    private readonly isSqlite: boolean,
  ) {}

  /** The primary key; `name` when it is not called `id`. */
  id(name = 'id'): void {
    this.column(name, 'id', {});
    Object.assign(this.columns.at(-1) ?? {}, {
      isPrimary: true,
      primaryKeyConstraintName: constraintName('pk', this.name, [name]),
    });
  }

  /** An id of another row; with `to`, guarded by a foreign key. */
  reference(name: string, rules: ColumnRules & Partial<ForeignKeyRules> = {}): void {
    this.column(name, 'reference', rules);
    if (rules.to) this.foreignKey(name, { to: rules.to, onDelete: rules.onDelete });
  }

  text(name: string, rules: ColumnRules & { length?: number } = {}): void {
    const { length } = rules;
    if (!length) return this.column(name, 'text', rules);
    this.column(name, 'boundedText', rules, length);
    // SQLite takes a length for a remark; without the check only PostgreSQL would refuse.
    if (this.isSqlite) this.check(`${name}_length`, `length("${name}") <= ${length}`);
  }

  amount(name: string, rules: ColumnRules = {}): void {
    this.column(name, 'amount', rules);
  }

  instant(name: string, rules: ColumnRules = {}): void {
    this.column(name, 'instant', rules);
  }

  count(name: string, rules: ColumnRules = {}): void {
    this.column(name, 'count', rules);
  }

  flag(name: string, rules: ColumnRules = {}): void {
    this.column(name, 'flag', rules);
  }

  real(name: string, rules: ColumnRules = {}): void {
    this.column(name, 'real', rules);
  }

  json(name: string, rules: ColumnRules = {}): void {
    this.column(name, 'json', rules);
  }

  /** Matches `@Unique([...])` and `unique: true`. */
  unique(columnNames: string[]): void {
    this.uniques.push(new TableUnique({ name: constraintName('uq', this.name, columnNames), columnNames }));
  }

  /** Matches `@Index([...], { unique, where })`. `where` makes it partial; write it in plain SQL. */
  index(columnNames: string[], rules: { unique?: boolean; where?: string; name?: string } = {}): void {
    const { name = constraintName('idx', this.name, columnNames), unique: isUnique, where } = rules;
    this.indices.push(new TableIndex({ name, columnNames, isUnique, where }));
  }

  /** A rule that every row keeps, as a backstop behind the code. Plain SQL that both databases read. */
  check(name: string, expression: string): void {
    this.checks.push(new TableCheck({ name: constraintName('chk', this.name, [name]), expression }));
  }

  /** Rows can be inserted, never changed or deleted: triggers refuse it, whoever asks. */
  appendOnly(): void {
    this.isAppendOnly = true;
  }

  private foreignKey(column: string, { to, onDelete = 'RESTRICT' }: ForeignKeyRules): void {
    this.foreignKeys.push(
      new TableForeignKey({
        name: constraintName('fk', this.name, [column]),
        columnNames: [column],
        referencedTableName: to,
        referencedColumnNames: ['id'],
        onDelete,
      }),
    );
  }

  private column(name: string, kind: ColumnKind, rules: ColumnRules, length?: number): void {
    const { type, ...shape } = COLUMN_KINDS[kind];
    const fixedLength = 'length' in shape ? shape.length : length;
    this.columns.push({
      name,
      type,
      length: fixedLength ? String(fixedLength) : undefined,
      isNullable: rules.nullable ?? false,
      default: literal(rules.default, this.isSqlite),
    });
    if ('isInteger' in shape) this.check(`${name}_range`, this.integerRule(name));
  }

  /** SQLite stores a fraction in an integer column without complaint; PostgreSQL cannot. */
  private integerRule(name: string): string {
    const range = `"${name}" BETWEEN -${LARGEST_INTEGER} AND ${LARGEST_INTEGER}`;
    return this.isSqlite ? `${range} AND typeof("${name}") IN ('integer', 'null')` : range;
  }
}

/** Creates a table with its indices, constraints and triggers; the same call serves both databases. */
export async function createTable(
  runner: QueryRunner,
  name: string,
  describe: (table: TableBuilder) => void,
): Promise<void> {
  const builder = new TableBuilder(name, isSqlite(runner));
  describe(builder);
  const { columns, indices, uniques, foreignKeys, checks } = builder;
  await runner.createTable(new Table({ name, columns, indices, uniques, foreignKeys, checks }));
  if (builder.isAppendOnly) await makeAppendOnly(runner, name);
}

/** Drops a table with everything that belongs to it; children first, because foreign keys are enforced. */
export async function dropTable(runner: QueryRunner, name: string): Promise<void> {
  await runner.query(`DROP TABLE "${name}"`);
}

export function isSqlite(runner: QueryRunner): boolean {
  return runner.connection.options.type === 'sqlite';
}

function literal(value: ColumnRules['default'], sqlite: boolean): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'boolean') return sqlite ? String(Number(value)) : String(value);
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}
