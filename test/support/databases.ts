import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { afterAll, describe } from 'vitest';
import { MIGRATIONS } from '../../migrations/index.js';
import type { DatabaseConfig } from '../../src/config/config.js';
import { createDataSource, type MigrationClass, type SchemaParts } from '../../src/database/data-source.js';
import { migrateDatabase } from '../../src/database/migrate.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { createPostgresDatabase, postgresEnvironment } from './postgres-database.js';
import { createTempFolder } from './temp-folder.js';

export type DatabaseKind = 'sqlite' | 'postgres';

export interface TestDatabase {
  kind: DatabaseKind;
  dataSource: DataSource;
  unitOfWork: UnitOfWork;
  /** For a second data source on the same database, as another process would have. */
  config: DatabaseConfig;
  /** Also called by itself after the last test of the block. */
  close(): Promise<void>;
}

/**
 * Runs the same tests on SQLite and on PostgreSQL. Each `open()` gives a new database: migrated, empty, nobody
 * else's. `migrations` replaces the project's own.
 */
export function onEachDatabase(
  title: string,
  parts: SchemaParts,
  body: (open: () => Promise<TestDatabase>, kind: DatabaseKind) => void,
): void {
  for (const kind of ['sqlite', 'postgres'] as const) {
    describe(`${title} (${kind})`, () => {
      const opened: TestDatabase[] = [];
      afterAll(async () => {
        for (const database of opened) await database.close();
      });
      body(async () => {
        const database = await openTestDatabase(kind, parts);
        opened.push(database);
        return database;
      }, kind);
    });
  }
}

export async function openTestDatabase(kind: DatabaseKind, parts: SchemaParts): Promise<TestDatabase> {
  const place = await copyTemplate(kind, parts.migrations ?? MIGRATIONS);
  const dataSource = createDataSource(place.config, { migrations: MIGRATIONS, ...parts });
  await dataSource.initialize();
  const close = async (): Promise<void> => {
    if (!dataSource.isInitialized) return;
    await dataSource.destroy();
    await place.remove();
  };
  return { kind, dataSource, unitOfWork: new UnitOfWork(dataSource), config: place.config, close };
}

/** For a program in a process of its own on the same database. */
export function environmentOf(config: DatabaseConfig): Record<string, string> {
  return config.type === 'sqlite' ? { DB_NAME: config.file } : postgresEnvironment(config);
}

interface Place {
  config: DatabaseConfig;
  remove(): Promise<void>;
}

type Migrations = readonly MigrationClass[];

/** A migrated database per list of migrations, made once in a test file: copying it is faster than migrating again. */
const templates = new Map<Migrations, Partial<Record<DatabaseKind, Promise<Place>>>>();

afterAll(async () => {
  const all = [...templates.values()].flatMap((byKind) => Object.values(byKind));
  for (const template of all) await (await template).remove();
});

async function copyTemplate(kind: DatabaseKind, migrations: Migrations): Promise<Place> {
  const known = templates.get(migrations) ?? {};
  templates.set(migrations, known);
  const { config } = await (known[kind] ??= createTemplate(kind, migrations));
  return config.type === 'sqlite' ? createSqlitePlace(config.file) : createPostgresPlace(config.name);
}

async function createTemplate(kind: DatabaseKind, migrations: Migrations): Promise<Place> {
  const place = kind === 'sqlite' ? await createSqlitePlace() : await createPostgresPlace();
  await migrateDatabase(place.config, migrations);
  return place;
}

async function createSqlitePlace(template?: string): Promise<Place> {
  const folder = await createTempFolder('sqlite');
  const file = join(folder.path, 'test.db');
  if (template) await copyFile(template, file);
  return { config: { type: 'sqlite', file }, remove: folder.remove };
}

async function createPostgresPlace(template?: string): Promise<Place> {
  const database = await createPostgresDatabase(template);
  return { config: database.config, remove: database.drop };
}
