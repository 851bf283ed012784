import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { databaseErrorCode } from './database-error.js';

const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 10;

/** Serialization failure, deadlock, and another process holding SQLite's file: nothing happened, so try again. */
const RETRYABLE = new Set(['40001', '40P01', 'SQLITE_BUSY']);

/**
 * The only opener of transactions.
 *
 * - Inside `run` use the given manager for everything. A write through `manager` of this class would wait on SQLite
 *   for the transaction that waits for it, and on PostgreSQL be outside the transaction.
 * - One statement after the other: a transaction is one connection, so `Promise.all` gains nothing and `pg` warns.
 * - Never await the network inside `run`: on SQLite it is the only writer of the process.
 * - `run` may call `work` more than once, so keep side effects outside and events for after it.
 */
@Injectable()
export class UnitOfWork {
  constructor(private readonly dataSource: DataSource) {}

  /** For single statements, each a transaction of its own. */
  get manager(): EntityManager {
    return this.dataSource.manager;
  }

  /**
   * Runs `work` in a transaction (SQLite: BEGIN IMMEDIATE, one at a time; PostgreSQL: READ COMMITTED), commits when
   * it resolves and rolls back when it throws. Deadlocks and locked files are retried up to five times.
   * @throws DomainError `database_unavailable` when the database is unusable. After a COMMIT whose answer was lost the
   *   work may have been done: look it up by its idempotency key before trying again.
   */
  async run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (attempt === MOST_ATTEMPTS || !RETRYABLE.has(databaseErrorCode(error) ?? '')) throw error;
        await delay(pauseMs(attempt));
      }
    }
  }
}

/** Doubles from 10 ms, with full jitter so that those who collided do not meet again. */
function pauseMs(attempt: number): number {
  return randomInt(1, FIRST_PAUSE_MS * 2 ** attempt);
}
