import { createHash } from 'node:crypto';
import { DefaultNamingStrategy, type Table } from 'typeorm';

/** PostgreSQL cuts identifiers at 63 bytes without a word; ours are shortened before, with a hash to stay distinct. */
const LONGEST_IDENTIFIER = 63;

export function snakeCase(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
}

/** The name of a constraint or index: readable, the same in entities, migrations and error reports. */
export function constraintName(kind: ConstraintKind, table: string, columns: readonly string[]): string {
  const name = [kind, table, ...columns.map(snakeCase)].join('_');
  if (name.length <= LONGEST_IDENTIFIER) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, LONGEST_IDENTIFIER - 9)}_${hash}`;
}

export type ConstraintKind = 'pk' | 'uq' | 'idx' | 'fk' | 'chk';

/** `createdAt` in code is `created_at` in the database; constraints get names a person can read. */
export class SnakeCaseNamingStrategy extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return snakeCase([...prefixes, customName ?? propertyName].join('_'));
  }

  override primaryKeyName(table: Table | string, columns: string[]): string {
    return constraintName('pk', this.getTableName(table), columns);
  }

  override uniqueConstraintName(table: Table | string, columns: string[]): string {
    return constraintName('uq', this.getTableName(table), columns);
  }

  override indexName(table: Table | string, columns: string[]): string {
    return constraintName('idx', this.getTableName(table), columns);
  }

  override foreignKeyName(table: Table | string, columns: string[]): string {
    return constraintName('fk', this.getTableName(table), columns);
  }
}
