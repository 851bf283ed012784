import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockSqliteFile, SqliteFileInUse } from '../../src/database/sqlite/sqlite-file-lock.js';
import { Account, accountsSchema } from '../support/accounts-schema.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';
import { holdInSqliteProcess, inSqliteProcess } from '../support/sqlite-process.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

const ADD_ONE = `UPDATE accounts SET balance = balance + 1 WHERE id = 'shared'`;

describe('another process on the same SQLite file', () => {
  let database: TestDatabase;
  let file: string;

  beforeEach(async () => {
    database = await openTestDatabase('sqlite', accountsSchema);
    file = String(database.dataSource.options.database);
    await database.unitOfWork.manager.insert(Account, { id: 'shared', name: 'shared', balance: 0 });
    return database.close;
  });

  const addOne = (): Promise<void> =>
    database.unitOfWork.run(async (manager) => {
      const { balance } = await manager.findOneByOrFail(Account, { id: 'shared' });
      await manager.update(Account, { id: 'shared' }, { balance: balance + 1 });
    });

  it('writes beside us, and no update of either is lost', async () => {
    const steps = Array.from({ length: 20 }, () => ['BEGIN IMMEDIATE', ADD_ONE, 'sleep 5', 'COMMIT']).flat();
    const other = { isRunning: true, exitCode: inSqliteProcess(file, ...steps) };
    void other.exitCode.finally(() => (other.isRunning = false));
    let ours = 0;
    for (; other.isRunning; ours++) await addOne();
    expect(await other.exitCode).toBe(0);
    const { balance } = await database.unitOfWork.manager.findOneByOrFail(Account, { id: 'shared' });
    expect(balance).toBe(20 + ours);
    expect(ours).toBeGreaterThan(1);
  });

  it('may hold the write lock for a while: readers go on, writers wait', async () => {
    const kill = await holdInSqliteProcess(file, 'BEGIN IMMEDIATE', ADD_ONE);
    const writing = database.unitOfWork.manager.increment(Account, { id: 'shared' }, 'balance', 1);
    const { balance } = await database.unitOfWork.manager.findOneByOrFail(Account, { id: 'shared' });
    await Promise.race([writing, delay(100)]);
    await kill();
    await writing;
    const after = await database.unitOfWork.manager.findOneByOrFail(Account, { id: 'shared' });
    expect([balance, after.balance]).toEqual([0, 1]);
  });

  it('may hold it for too long: 503, reads go on, and all is well when it is gone', async () => {
    await database.dataSource.query('PRAGMA busy_timeout = 20');
    const kill = await holdInSqliteProcess(file, 'BEGIN IMMEDIATE', ADD_ONE);
    const unavailable = { code: 'database_unavailable', status: 503, headers: { 'Retry-After': '2' } };
    await expect(addOne()).rejects.toMatchObject(unavailable);
    const single = database.unitOfWork.manager.increment(Account, { id: 'shared' }, 'balance', 1);
    await expect(single).rejects.toMatchObject(unavailable);
    expect(await database.unitOfWork.manager.count(Account)).toBe(1);
    await kill();
    await addOne();
    const { balance } = await database.unitOfWork.manager.findOneByOrFail(Account, { id: 'shared' });
    expect(balance).toBe(1);
  });

  it('cannot write from the first statement of our transactions on', async () => {
    await database.unitOfWork.run(async (manager) => {
      await manager.count(Account);
      expect(await inSqliteProcess(file, 'PRAGMA busy_timeout = 0', 'BEGIN IMMEDIATE')).not.toBe(0);
    });
    expect(await inSqliteProcess(file, 'PRAGMA busy_timeout = 0', 'BEGIN IMMEDIATE')).toBe(0);
  });
});

describe('lockSqliteFile', () => {
  let folder: TempFolder;
  let file: string;

  beforeEach(async () => {
    folder = await createTempFolder('lock');
    file = join(folder.path, 'data', 'gpuproxy.db');
  });
  afterEach(() => folder.remove());

  it('refuses a second server, under whatever name it knows the file', async () => {
    const lock = await lockSqliteFile(file);
    const [otherFolder, otherName] = [join(folder.path, 'folder'), join(folder.path, 'other.db')];
    await writeFile(file, '');
    await Promise.all([symlink(join(folder.path, 'data'), otherFolder), symlink(file, otherName)]);
    for (const name of [file, join(otherFolder, 'gpuproxy.db'), otherName]) {
      await expect(lockSqliteFile(name)).rejects.toBeInstanceOf(SqliteFileInUse);
    }
    await lock.release();
  });

  it('is free again after a release', async () => {
    await (await lockSqliteFile(file)).release();
    const again = await lockSqliteFile(file);
    await expect(lockSqliteFile(file)).rejects.toBeInstanceOf(SqliteFileInUse);
    await again.release();
  });

  it('is refused while another process has it, and free once that was killed', async () => {
    await mkdir(join(folder.path, 'data'));
    const kill = await holdInSqliteProcess(`${file}.lock`, 'BEGIN EXCLUSIVE');
    await expect(lockSqliteFile(file)).rejects.toBeInstanceOf(SqliteFileInUse);
    await kill();
    await (await lockSqliteFile(file)).release();
  });

  it('keeps other processes out for as long as it is held', async () => {
    const lock = await lockSqliteFile(file);
    const code = await inSqliteProcess(`${file}.lock`, 'PRAGMA busy_timeout = 0', 'BEGIN EXCLUSIVE').catch(
      () => 1,
    );
    await lock.release();
    expect(code).not.toBe(0);
  });
});
