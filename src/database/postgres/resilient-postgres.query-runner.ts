import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import { databaseErrorCode } from '../database-error.js';
import { databaseUnavailable, isDatabaseUnusable, translateDatabaseError } from '../database-unavailable.js';

/** TypeORM declares it as `any`. */
type RawResult = Awaited<ReturnType<PostgresQueryRunner['query']>>;

/** The server answered these itself, so the connection is fine: statement cancelled, lock not granted. */
const CONNECTION_SURVIVES = new Set(['57014', '55P03']);

/**
 * Reports an unusable database as one error, and never gives a connection back to the pool whose last answer is
 * still missing: the next user would wait behind it.
 */
export class ResilientPostgresQueryRunner extends PostgresQueryRunner {
  private brokenBy?: Error;
  private wasReleasedByCaller = false;

  override async connect(): Promise<unknown> {
    try {
      return await super.connect();
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  override async query(sql: string, parameters?: unknown[], useStructuredResult = false): Promise<RawResult> {
    // TypeORM releases a runner whose connection died between two statements.
    if (this.isReleased && !this.wasReleasedByCaller) throw databaseUnavailable(new Error('connection lost'));
    try {
      return await super.query(sql, parameters, useStructuredResult);
    } catch (error) {
      if (isConnectionBroken(error)) this.brokenBy = error;
      throw translateDatabaseError(error);
    }
  }

  /** On a broken connection ROLLBACK could only time out once more; the server rolls back when it closes. */
  override async rollbackTransaction(): Promise<void> {
    if (!this.brokenBy) return super.rollbackTransaction();
    this.isTransactionActive = false;
    this.transactionDepth = 0;
  }

  /** Given back as it is, an open transaction would swallow the statements of the connection's next user. */
  override async release(): Promise<void> {
    this.wasReleasedByCaller = true;
    if (this.isTransactionActive) this.brokenBy ??= new Error('released inside a transaction');
    const { brokenBy, releaseCallback } = this;
    if (brokenBy && releaseCallback) this.releaseCallback = () => releaseCallback(brokenBy);
    await super.release();
  }
}

function isConnectionBroken(error: unknown): error is Error {
  return isDatabaseUnusable(error) && !CONNECTION_SURVIVES.has(databaseErrorCode(error) ?? '');
}
