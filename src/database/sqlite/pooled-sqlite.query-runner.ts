import { TypeORMError } from 'typeorm';
import { SqliteQueryRunner } from 'typeorm/driver/sqlite/SqliteQueryRunner.js';
import { databaseErrorCode } from '../database-error.js';
import { databaseUnavailable, translateDatabaseError } from '../database-unavailable.js';
import type { Lease } from './lease-queue.js';
import type { PooledSqliteDriver } from './pooled-sqlite.driver.js';
import type { SqliteConnection } from './sqlite-connection.js';
import { isReadOnlyStatement, isTransactionControl } from './statement.js';

/** After these SQLite has rolled back by itself; going on would run the rest outside any transaction. */
const ENDS_TRANSACTION = new Set(['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_NOMEM', 'SQLITE_INTERRUPT']);

/** Chooses the connection of each statement: the writer's for transactions and writes, a reader's for the rest. */
export class PooledSqliteQueryRunner extends SqliteQueryRunner {
  declare driver: PooledSqliteDriver;
  /** Held from the start of a transaction (or of a migration) to its end. */
  private writer?: Lease<SqliteConnection>;
  private isMigrating = false;
  private isDoomed = false;
  /** What `connect` hands to the parent's `query`. */
  private chosen?: SqliteConnection;

  override async connect(): Promise<SqliteConnection> {
    if (!this.chosen) throw new TypeORMError('SQLite connections are leased per statement; call query()');
    return this.chosen;
  }

  override async query(sql: string, parameters?: unknown[], useStructuredResult = false): Promise<RawResult> {
    const lease = this.writer ?? (await this.leaseFor(sql));
    try {
      if (this.isDoomed && sql !== 'ROLLBACK') throw databaseUnavailable(new Error('transaction was lost'));
      return await this.runOn(lease.resource, sql, parameters, useStructuredResult);
    } catch (error) {
      if (ENDS_TRANSACTION.has(databaseErrorCode(error) ?? '')) this.isDoomed = this.isTransactionActive;
      throw translateDatabaseError(error);
    } finally {
      if (lease !== this.writer) lease.giveBack();
    }
  }

  override async startTransaction(): Promise<void> {
    this.writer ??= await this.driver.leaseWriter();
    try {
      await super.startTransaction();
    } catch (error) {
      if (this.transactionDepth === 0) this.endTransaction('giveBack');
      throw error;
    }
  }

  /** When COMMIT fails the transaction stays open; TypeORM's callers roll back next. */
  override async commitTransaction(): Promise<void> {
    await super.commitTransaction();
    if (this.transactionDepth === 0) this.endTransaction('giveBack');
  }

  override async rollbackTransaction(): Promise<void> {
    const isOutermost = this.transactionDepth <= 1;
    try {
      await super.rollbackTransaction();
      if (isOutermost) this.endTransaction('giveBack');
    } catch (error) {
      // Nobody knows what is still open on that connection; closing it rolls back.
      if (isOutermost) this.endTransaction('discard');
      throw error;
    }
  }

  /** TypeORM switches foreign keys off here, on a connection that nobody else may get meanwhile. */
  override async beforeMigration(): Promise<void> {
    this.writer ??= await this.driver.leaseWriter();
    this.isMigrating = true;
    await super.beforeMigration();
  }

  override async afterMigration(): Promise<void> {
    await super.afterMigration();
    this.isMigrating = false;
    if (!this.isTransactionActive) this.endTransaction('giveBack');
  }

  /** What is still open then is rolled back by closing the connection. */
  override async release(): Promise<void> {
    this.isReleased = true;
    this.endTransaction('discard');
    await super.release();
  }

  private leaseFor(sql: string): Promise<Lease<SqliteConnection>> {
    if (isTransactionControl(sql)) throw new TypeORMError(`outside a transaction: ${sql}`);
    return isReadOnlyStatement(sql) ? this.driver.leaseReader() : this.driver.leaseWriter();
  }

  /**
   * The parent's `query` asks `connect` for its connection before it first awaits, so what is chosen here is still
   * chosen there, also when several statements of one runner are under way.
   */
  private runOn(
    connection: SqliteConnection,
    ...[sql, parameters, isStructured]: QueryArguments
  ): Promise<unknown> {
    this.chosen = connection;
    // IMMEDIATE takes the write lock at once. A deferred transaction that reads first and then writes fails with
    // SQLITE_BUSY when another process wrote in between, however long the busy time-out is.
    const statement = sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : sql;
    const result = super.query(statement, parameters, isStructured);
    this.chosen = undefined;
    return result;
  }

  private endTransaction(how: 'giveBack' | 'discard'): void {
    this.isTransactionActive = false;
    this.transactionDepth = 0;
    this.isDoomed = false;
    if (this.isMigrating && how === 'giveBack') return;
    this.isMigrating = false;
    this.writer?.[how]();
    this.writer = undefined;
  }
}

/** TypeORM declares it as `any`. */
type RawResult = Awaited<ReturnType<SqliteQueryRunner['query']>>;
type QueryArguments = [sql: string, parameters: unknown[] | undefined, isStructured: boolean];
