import type { EntityManager, UpdateQueryBuilder } from 'typeorm';

/**
 * Changes columns of a table by the names that they have in the database, whether or not the entity is loaded here.
 * @param values SQL texts by column, e.g. `{ ip: 'NULL', sealed: ':sealed' }`
 */
export function updateTable(
  manager: EntityManager,
  table: string,
  values: Readonly<Record<string, string>>,
): UpdateQueryBuilder<object> {
  const { connection } = manager;
  const metadata = connection.hasMetadata(table) ? connection.getMetadata(table) : undefined;
  const set = Object.entries(values).map(([column, sql]) => {
    const property = metadata?.findColumnWithDatabaseName(column)?.propertyPath ?? column;
    return [property, () => sql];
  });
  return manager
    .createQueryBuilder()
    .update(table)
    .set(Object.fromEntries(set) as object);
}
