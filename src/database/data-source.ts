import sqlite3 from 'sqlite3';
import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { SnakeCaseNamingStrategy } from './naming-strategy.js';
import { postgresOptions, type ConnectionUse } from './postgres/postgres-options.js';
import { ResilientPostgresDriver } from './postgres/resilient-postgres.driver.js';
import { PooledSqliteDriver } from './sqlite/pooled-sqlite.driver.js';
import { TypeOrmLogger } from './type-orm-logger.js';

/** TypeORM calls `verbose()`, which would capture a stack trace for every statement of the process. */
const quietSqlite3 = { ...sqlite3, verbose: () => sqlite3 };

export type EntityClass = new () => object;
export type MigrationClass = new () => MigrationInterface;

export interface SchemaParts {
  entities: readonly EntityClass[];
  migrations?: readonly MigrationClass[];
}

/**
 * A data source for either database, with our drivers, not yet initialised. All of ours are made here. `migrate`
 * connections have no time-outs.
 */
export function createDataSource(
  config: DatabaseConfig,
  parts: SchemaParts,
  use: ConnectionUse = 'serve',
): DataSource {
  const dataSource = new DataSource({
    ...databaseOptions(config, use),
    entities: [...parts.entities],
    migrations: [...(parts.migrations ?? [])],
    namingStrategy: new SnakeCaseNamingStrategy(),
    // `where: { id: undefined }` would otherwise match every row.
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    synchronize: false,
    logger: new TypeOrmLogger(),
  });
  dataSource.driver =
    config.type === 'sqlite' ? new PooledSqliteDriver(dataSource) : new ResilientPostgresDriver(dataSource);
  return dataSource;
}

function databaseOptions(config: DatabaseConfig, use: ConnectionUse): DataSourceOptions {
  return config.type === 'sqlite'
    ? { type: 'sqlite', database: config.file, driver: quietSqlite3 }
    : postgresOptions(config, use);
}
