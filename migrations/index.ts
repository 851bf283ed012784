import type { MigrationInterface } from 'typeorm';

type MigrationClass = new () => MigrationInterface;

/** Every change of the schema, oldest first. The same list runs on SQLite and on PostgreSQL. */
export const MIGRATIONS: readonly MigrationClass[] = [];
