import { QueryFailedError } from 'typeorm';

/** The fields that `pg` and `sqlite3` put on their errors. */
export interface DriverError extends Error {
  code?: string;
  /** PostgreSQL only. */
  constraint?: string;
}

/** The driver's own error below TypeORM's and our wrappings; undefined when there is none. */
export function driverErrorOf(error: unknown): DriverError | undefined {
  if (error instanceof QueryFailedError) return driverErrorOf(error.driverError);
  if (!(error instanceof Error)) return undefined;
  const { code }: DriverError = error;
  if (typeof code === 'string' && isDriverCode(code)) return error;
  return driverErrorOf(error.cause);
}

/** A SQLSTATE, an SQLite result code or a socket's error code. */
export function databaseErrorCode(error: unknown): string | undefined {
  return driverErrorOf(error)?.code;
}

function isDriverCode(code: string): boolean {
  return /^(SQLITE_\w+|E[A-Z_]+|[0-9A-Z]{5})$/.test(code);
}
