import { Logger } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { databaseErrorCode } from './database-error.js';

const logger = new Logger('Database');

const SQLITE_CODES = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
  'SQLITE_NOMEM',
]);

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: time-outs (57014, 55P03, 25P03), shutdown (57P0x). */
const POSTGRES_CODES = new Set(['57014', '55P03', '25P03', '57P01', '57P02', '57P03', '57P05', '25006']);

/** Class 08 is the connection, class 53 a lack of resources (disk full, too many connections). */
const POSTGRES_CLASSES = /^(08|53)\w{3}$/;

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The `pg` package has no codes for these. */
const POSTGRES_CLIENT_MESSAGES =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|not queryable|Cannot use a pool after/;

export function databaseUnavailable(cause: unknown): DomainError {
  const detail =
    'The database cannot serve this request right now. Nothing was changed unless told otherwise.';
  return new DomainError('database_unavailable', 503, detail, { headers: { 'Retry-After': '2' }, cause });
}

/** True when the database as such is in the way (down, full, locked, too slow), not the statement. */
export function isDatabaseUnusable(error: unknown): boolean {
  const code = databaseErrorCode(error);
  if (code === undefined) return error instanceof Error && POSTGRES_CLIENT_MESSAGES.test(error.message);
  const isListed = SQLITE_CODES.has(code) || POSTGRES_CODES.has(code) || SOCKET_CODES.has(code);
  return isListed || POSTGRES_CLASSES.test(code);
}

/** What our query runners throw for `error`: a 503 when the database is unusable, else the error itself. */
export function translateDatabaseError(error: unknown): unknown {
  if (error instanceof DomainError || !isDatabaseUnusable(error)) return error;
  logger.warn({ msg: 'database unusable', code: databaseErrorCode(error) });
  return databaseUnavailable(error);
}
