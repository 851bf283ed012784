import type { QueryRunner } from 'typeorm';
import { SqliteDriver } from 'typeorm/driver/sqlite/SqliteDriver.js';
import { LeaseQueue, type Lease } from './lease-queue.js';
import { PooledSqliteQueryRunner } from './pooled-sqlite.query-runner.js';
import { closeSqliteConnection, openSqliteConnection, type SqliteConnection } from './sqlite-connection.js';

/** One writer and three readers: node-sqlite3 works on libuv's four threads, more would only wait for each other. */
const READERS = 3;
/** Longer than any transaction should take, shorter than a client's patience. */
const WAIT_FOR_CONNECTION_MS = 10_000;
const CLOSE_GRACE_MS = 5000;

/**
 * TypeORM's SQLite driver shares one connection among all requests: one request's rollback undoes another's
 * acknowledged write, and reads see uncommitted data. This driver has
 * - one connection that writes. Its lease is the write mutex: whoever holds it has the only writer, first come first
 *   served, for one statement or for a whole transaction. Waiting in a queue of ours rather than in SQLite's busy
 *   handler keeps waiting writers from blocking libuv's threads, which readers need too;
 * - a few connections that read (WAL: they see the last commit, never what is in the making). A reader is leased for
 *   one statement, so nobody who waits for the writer holds what the writer's owner needs: no deadlock by design.
 */
export class PooledSqliteDriver extends SqliteDriver {
  private readonly writers = this.queue('write', 1);
  private readonly readers = this.queue('read', READERS);

  override createQueryRunner(): QueryRunner {
    return new PooledSqliteQueryRunner(this);
  }

  /** Opens the writer, so that a file that cannot be used fails the start. */
  override async connect(): Promise<void> {
    const lease = await this.writers.acquire();
    lease.giveBack();
  }

  override async disconnect(): Promise<void> {
    await this.readers.close(CLOSE_GRACE_MS);
    await this.writers.close(CLOSE_GRACE_MS);
  }

  leaseWriter(): Promise<Lease<SqliteConnection>> {
    return this.writers.acquire();
  }

  leaseReader(): Promise<Lease<SqliteConnection>> {
    return this.readers.acquire();
  }

  private queue(use: 'read' | 'write', max: number): LeaseQueue<SqliteConnection> {
    return new LeaseQueue({
      max,
      waitMs: WAIT_FOR_CONNECTION_MS,
      open: () => openSqliteConnection(this.options.database, use),
      close: closeSqliteConnection,
    });
  }
}
