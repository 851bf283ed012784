import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import sqlite3 from 'sqlite3';

export type SqliteConnection = sqlite3.Database;

/** How long SQLite itself waits for another process (the admin CLI, a backup) before it reports SQLITE_BUSY. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens a connection with our settings. They belong to the connection, not to the file, so every one sets them:
 * - busy_timeout first, because already `journal_mode` may meet another process's lock;
 * - WAL lets readers go on while one writes;
 * - synchronous=FULL: a commit that was acknowledged survives a power cut (NORMAL may lose the last ones in WAL);
 * - foreign_keys is off by default;
 * - query_only on readers: a statement wrongly taken for a read fails instead of writing past the write queue.
 */
export async function openSqliteConnection(file: string, use: 'read' | 'write'): Promise<SqliteConnection> {
  await mkdir(dirname(file), { recursive: true });
  const connection = await openSqliteFile(file);
  try {
    await executeSqlite(connection, `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    await executeSqlite(connection, 'PRAGMA journal_mode = WAL');
    await executeSqlite(connection, 'PRAGMA synchronous = FULL');
    await executeSqlite(connection, 'PRAGMA foreign_keys = ON');
    if (use === 'read') await executeSqlite(connection, 'PRAGMA query_only = ON');
    return connection;
  } catch (error) {
    await closeSqliteConnection(connection);
    throw error;
  }
}

/** Closing rolls back a transaction that is still open. */
export function closeSqliteConnection(connection: SqliteConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.close((error) => (error ? reject(error) : resolve()));
  });
}

export function executeSqlite(connection: SqliteConnection, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.exec(sql, (error) => (error ? reject(error) : resolve()));
  });
}

export function openSqliteFile(file: string): Promise<SqliteConnection> {
  return new Promise((resolve, reject) => {
    const connection = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(connection)));
  });
}
