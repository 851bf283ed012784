import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import type { DatabaseConfig } from '../config/config.js';
import { createDataSource, type MigrationClass } from './data-source.js';

/** Any number that nothing else on the server locks. */
const ADVISORY_LOCK = 7_205_761_031;

/**
 * Brings the schema up to date, all pending migrations in one transaction. Several processes may start at once: one
 * migrates, the others wait and find nothing left to do.
 * @returns the names of the migrations that ran
 */
export async function migrateDatabase(
  config: DatabaseConfig,
  migrations: readonly MigrationClass[],
): Promise<string[]> {
  return withExecutor(config, migrations, async (executor) => {
    const ran = await executor.executePendingMigrations();
    return ran.map((migration) => migration.name);
  });
}

/** Undoes the newest migration. Data in what it created is lost. */
export async function revertLastMigration(
  config: DatabaseConfig,
  migrations: readonly MigrationClass[],
): Promise<void> {
  await withExecutor(config, migrations, (executor) => executor.undoLastMigration());
}

/** The names of the migrations that the schema lacks; the service must not serve while there are any. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const pending = await new MigrationExecutor(dataSource).getPendingMigrations();
  return pending.map((migration) => migration.name);
}

async function withExecutor<T>(
  config: DatabaseConfig,
  migrations: readonly MigrationClass[],
  work: (executor: MigrationExecutor) => Promise<T>,
): Promise<T> {
  const dataSource = await createDataSource(config, { entities: [], migrations }, 'migrate').initialize();
  const runner = dataSource.createQueryRunner();
  try {
    await runner.beforeMigration();
    await runner.startTransaction();
    await lockMigrations(runner);
    const result = await work(new MigrationExecutor(dataSource, runner));
    await runner.commitTransaction();
    await runner.afterMigration();
    return result;
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}

/** Until the transaction ends. On SQLite the transaction itself is the lock, because ours begin IMMEDIATE. */
async function lockMigrations(runner: QueryRunner): Promise<void> {
  if (runner.connection.options.type !== 'postgres') return;
  await runner.query(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`);
}
