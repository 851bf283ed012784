import { Logger } from '@nestjs/common';
import type { PostgresConnectionOptions } from 'typeorm/driver/postgres/PostgresConnectionOptions.js';
import type { DatabaseConfig } from '../../config/config.js';

export type PostgresConfig = Extract<DatabaseConfig, { type: 'postgres' }>;

export type ConnectionUse = 'serve' | 'migrate';

const logger = new Logger('Postgres');

const CONNECT_TIMEOUT_MS = 5000;
const STATEMENT_TIMEOUT_MS = 5000;
const LOCK_TIMEOUT_MS = 2000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/**
 * Our own clock on each statement, a little longer than the server's: when the network swallows packets the server's
 * time-out cannot reach us.
 */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 2000;

/** Migrations may take long and wait for each other; they run on a data source of their own without time-outs. */
export function postgresOptions(
  config: PostgresConfig,
  use: ConnectionUse = 'serve',
): PostgresConnectionOptions {
  return {
    type: 'postgres',
    host: config.host,
    port: config.port,
    username: config.user,
    password: config.password,
    database: config.name,
    ssl: config.sslMode === 'disable' ? false : { rejectUnauthorized: config.sslMode === 'verify-full' },
    poolSize: config.maxConnections,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    applicationName: 'aiserve-gpuproxyd',
    // Without a listener an idle connection that the server ends would end this process too.
    poolErrorHandler: ({ code }: { code?: string }) => logger.warn({ msg: 'idle connection lost', code }),
    extra: { keepAlive: true, ...sessionSettings(use) },
  };
}

function sessionSettings(use: ConnectionUse): object {
  // What the code relies on is said by the session, whatever the server's defaults are.
  const options = '-c default_transaction_isolation=read\\ committed -c TimeZone=UTC';
  if (use === 'migrate') return { options };
  return {
    options,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  };
}
