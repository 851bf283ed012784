import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { SnakeCaseNamingStrategy } from './naming-strategy.js';
import { postgresOptions } from './postgres/postgres-options.js';
import { ResilientPostgresDriver } from './postgres/resilient-postgres.driver.js';
import { PooledSqliteDriver } from './sqlite/pooled-sqlite.driver.js';

export type EntityClass = new () => object;
export type MigrationClass = new () => MigrationInterface;

export interface SchemaParts {
  entities: readonly EntityClass[];
  migrations?: readonly MigrationClass[];
}

/** A data source for either database, not yet initialised. All of ours are made here, with our drivers. */
export function createDataSource(config: DatabaseConfig, parts: SchemaParts): DataSource {
  const dataSource = new DataSource({
    ...databaseOptions(config),
    entities: [...parts.entities],
    migrations: [...(parts.migrations ?? [])],
    namingStrategy: new SnakeCaseNamingStrategy(),
    // `where: { id: undefined }` would otherwise match every row.
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    synchronize: false,
    logging: false,
  });
  dataSource.driver =
    config.type === 'sqlite' ? new PooledSqliteDriver(dataSource) : new ResilientPostgresDriver(dataSource);
  return dataSource;
}

function databaseOptions(config: DatabaseConfig): DataSourceOptions {
  return config.type === 'sqlite' ? { type: 'sqlite', database: config.file } : postgresOptions(config);
}
