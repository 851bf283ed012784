import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.js';

export type PostgresConfig = Extract<DatabaseConfig, { type: 'postgres' }>;

export interface PostgresDatabase {
  config: PostgresConfig;
  /** For a daemon in a process of its own: DB_TYPE, DB_HOST, DB_PORT, DB_USER, DB_NAME, DB_SSL_MODE. */
  env: Record<string, string>;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
}

/** A freshly created database on the run's PostgreSQL, empty or a copy of `template`. */
export async function createPostgresDatabase(template?: string): Promise<PostgresDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${name}${template ? ` TEMPLATE ${template}` : ''}`);
  const { host, port, user } = inject('postgres');
  const config: PostgresConfig = {
    type: 'postgres',
    host,
    port,
    user,
    name,
    sslMode: 'disable',
    maxConnections: 10,
  };
  return {
    config,
    env: postgresEnvironment(config),
    drop: () => administer(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** DB_TYPE, DB_HOST, DB_PORT, DB_USER, DB_NAME, DB_SSL_MODE. */
export function postgresEnvironment(config: PostgresConfig): Record<string, string> {
  return {
    DB_TYPE: 'postgres',
    DB_HOST: config.host,
    DB_PORT: String(config.port),
    DB_USER: config.user,
    DB_PASSWORD: 'not-checked',
    DB_NAME: config.name,
    DB_SSL_MODE: config.sslMode,
  };
}

async function administer(statement: string): Promise<void> {
  const { host, port, user } = inject('postgres');
  const client = new Client({ host, port, user, database: 'postgres' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
