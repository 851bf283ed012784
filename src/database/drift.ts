import type { ColumnType, DataSource, EntityMetadata, Table, TableColumn } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** What TypeORM keeps for itself. */
const BOOKKEEPING = new Set(['migrations', 'typeorm_metadata']);

/**
 * Compares the entities with the schema that the migrations made and says in sentences where they differ: tables,
 * columns (type, length, NULL, key), unique constraints and indices. Checks, triggers and foreign keys live in
 * migrations only and are not compared. Empty = no drift.
 */
export async function findDrift(dataSource: DataSource): Promise<string[]> {
  const tables = await loadTables(dataSource);
  const drift = dataSource.entityMetadatas.flatMap((entity) =>
    compareTable(dataSource, entity, tables.get(entity.tableName)),
  );
  const known = new Set(dataSource.entityMetadatas.map((entity) => entity.tableName));
  const strangers = [...tables.keys()].filter((name) => !known.has(name));
  return [...drift, ...strangers.map((name) => `table ${name} has no entity`)];
}

/** The tables of the schema, without TypeORM's own. */
export async function tableNames(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>(
    dataSource.options.type === 'sqlite'
      ? `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
      : `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY name`,
  );
  return rows.map(({ name }) => name).filter((name) => !BOOKKEEPING.has(name));
}

async function loadTables(dataSource: DataSource): Promise<Map<string, Table>> {
  const tables = new Map<string, Table>();
  const runner = dataSource.createQueryRunner();
  try {
    for (const name of await tableNames(dataSource)) {
      const table = await runner.getTable(name);
      if (table) tables.set(name, table);
    }
    return tables;
  } finally {
    await runner.release();
  }
}

function compareTable(dataSource: DataSource, entity: EntityMetadata, table?: Table): string[] {
  const name = entity.tableName;
  if (!table) return [`table ${name} is missing`];
  const owned = new Set(entity.columns.map((column) => column.databaseName));
  const strangers = table.columns.filter((column) => !owned.has(column.name));
  return [
    ...entity.columns.flatMap((column) => compareColumn(dataSource, column, table)),
    ...strangers.map((column) => `column ${name}.${column.name} is not in the entity`),
    ...compareSets(`unique constraints of ${name}`, entityUniques(entity), table.uniques.map(nameOf)),
    ...compareSets(`indices of ${name}`, entityIndices(entity), tableIndices(table)),
  ];
}

function compareColumn(dataSource: DataSource, column: ColumnMetadata, table: Table): string[] {
  const name = `column ${column.entityMetadata.tableName}.${column.databaseName}`;
  const stored = table.columns.find((candidate) => candidate.name === column.databaseName);
  if (!stored) return [`${name} is missing`];
  const expected = describe(dataSource.driver.normalizeType(column), column);
  const actual = describe(dataSource.driver.normalizeType({ type: stored.type as ColumnType }), stored);
  return expected === actual ? [] : [`${name} is ${actual}, the entity says ${expected}`];
}

function describe(type: string, column: ColumnMetadata | TableColumn): string {
  const length = column.length ? `(${column.length})` : '';
  return `${type}${length}${column.isNullable ? ' null' : ''}${column.isPrimary ? ' primary' : ''}`;
}

function compareSets(title: string, expected: string[], actual: string[]): string[] {
  const [entity, schema] = [expected.sort().join(', '), actual.sort().join(', ')];
  return entity === schema ? [] : [`${title}: [${schema}], the entity says [${entity}]`];
}

const nameOf = ({ name }: { name?: string }): string => name ?? '(unnamed)';
const indexName = (name: string | undefined, isUnique: boolean): string =>
  `${nameOf({ name })}${isUnique ? ' unique' : ''}`;

const entityUniques = (entity: EntityMetadata): string[] => entity.uniques.map(nameOf);
const entityIndices = (entity: EntityMetadata): string[] =>
  entity.indices.map((index) => indexName(index.name, index.isUnique));
const tableIndices = (table: Table): string[] =>
  table.indices.map((index) => indexName(index.name, index.isUnique));
