import { mkdir, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { databaseErrorCode } from '../database-error.js';
import { closeSqliteConnection, executeSqlite, openSqliteFile } from './sqlite-connection.js';

export interface SqliteFileLock {
  release(): Promise<void>;
}

/** Thrown when another server has the file; the start should end with this message and exit code 1. */
export class SqliteFileInUse extends Error {
  constructor(file: string) {
    super(
      `another server is using ${file}; stop it, or give this one a database of its own (PostgreSQL serves many)`,
    );
    this.name = 'SqliteFileInUse';
  }
}

/**
 * Makes this process the only server on an SQLite file: the write queue lives in one process. The lock is SQLite's own
 * on a file beside the database (`<file>.lock`), an exclusive transaction that stays open. It is a lock of the
 * operating system, so it ends with the process, however that dies; a leftover file blocks nobody. The database itself
 * stays open to the admin CLI and to backups.
 */
export async function lockSqliteFile(file: string): Promise<SqliteFileLock> {
  const holder = await openSqliteFile(`${await canonicalPath(file)}.lock`);
  try {
    await executeSqlite(holder, 'PRAGMA busy_timeout = 0');
    await executeSqlite(holder, 'BEGIN EXCLUSIVE');
  } catch (error) {
    await closeSqliteConnection(holder);
    throw databaseErrorCode(error) === 'SQLITE_BUSY' ? new SqliteFileInUse(file) : error;
  }
  return { release: () => closeSqliteConnection(holder) };
}

/** A symbolic link to the database must lead to the same lock. (Links to folders do so by themselves.) */
async function canonicalPath(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  try {
    return await realpath(file);
  } catch (error) {
    if (databaseErrorCode(error) === 'ENOENT') return file;
    throw error;
  }
}
