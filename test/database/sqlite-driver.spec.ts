import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { Account, accountsSchema } from '../support/accounts-schema.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';
import { gate } from '../support/gate.js';

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

const UNAVAILABLE = { code: 'database_unavailable', status: 503 };

describe('the SQLite driver', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await openTestDatabase('sqlite', accountsSchema);
    return database.close;
  });

  const insert = (id: string, manager = database.unitOfWork.manager): Promise<unknown> =>
    manager.insert(Account, { id, name: id, balance: 0 });

  const count = (): Promise<number> => database.unitOfWork.manager.count(Account);

  /** As a full disk would: the file may not grow, until it may again. */
  const fillDisk = async (): Promise<() => Promise<void>> => {
    const [{ page_count: pages }] = await database.dataSource.query('PRAGMA page_count');
    await database.dataSource.query(`PRAGMA max_page_count = ${pages}`);
    return () => database.dataSource.query('PRAGMA max_page_count = 1000000');
  };

  const insertMany = async (manager = database.unitOfWork.manager): Promise<void> => {
    for (let index = 0; index < 500; index++) await insert(`row-${index}-${'x'.repeat(20)}`, manager);
  };

  it('sets up every connection, readers and writer', async () => {
    const pragmas = async (run: (sql: string) => Promise<object[]>): Promise<unknown[]> => {
      const names = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'];
      const rows = [];
      for (const name of names) rows.push(Object.values((await run(`PRAGMA ${name}`))[0])[0]);
      return rows;
    };
    const wanted = ['wal', 2, 1, 5000];
    expect(await pragmas((sql) => database.dataSource.query(sql))).toEqual(wanted);
    await database.unitOfWork.run(async (manager) => {
      expect(await pragmas((sql) => manager.query(sql))).toEqual(wanted);
    });
  });

  it('answers 503 when the disk is full, goes on reading, and recovers', async () => {
    await insert('before');
    const freeDisk = await fillDisk();
    await expect(insertMany()).rejects.toMatchObject(UNAVAILABLE);
    const atFull = await count();
    expect(atFull).toBeGreaterThan(0);
    await freeDisk();
    await insert('after');
    expect(await count()).toBe(atFull + 1);
  });

  it('answers 503 when the file may only be read, goes on reading, and recovers', async () => {
    await insert('before');
    await database.dataSource.query('PRAGMA query_only = ON');
    await expect(insert('refused')).rejects.toMatchObject(UNAVAILABLE);
    await expect(database.unitOfWork.run((manager) => insert('refused', manager))).rejects.toMatchObject(
      UNAVAILABLE,
    );
    expect(await count()).toBe(1);
    await database.dataSource.query('PRAGMA query_only = OFF');
    await insert('after');
    expect(await count()).toBe(2);
  });

  it('does not let work go on in a transaction that a full disk has ended', async () => {
    const freeDisk = await fillDisk();
    const stubborn = database.unitOfWork.run(async (manager) => {
      await insertMany(manager).catch(() => undefined);
      await insert('outside of any transaction', manager);
    });
    await expect(stubborn).rejects.toMatchObject(UNAVAILABLE);
    await freeDisk();
    expect(await count()).toBe(0);
  });

  it('refuses a statement that would open a transaction behind its back', async () => {
    await expect(database.dataSource.query('BEGIN')).rejects.toThrow('outside a transaction');
    await insert('next');
    expect(await count()).toBe(1);
  });

  it('refuses those who wait when it closes', async () => {
    const [started, mayEnd] = [gate(), gate()];
    const open = database.unitOfWork.run(async (manager) => {
      await insert('open', manager);
      started.open();
      await mayEnd.opened;
    });
    await started.opened;
    const waiting = Array.from({ length: 50 }, (_, index) => insert(`waiting-${index}`).catch(codeOf));
    const closing = database.dataSource.destroy();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['database_unavailable']));
    mayEnd.open();
    await Promise.all([open, closing]);
  });
});

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
