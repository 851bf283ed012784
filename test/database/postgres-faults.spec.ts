import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { DatabaseConfig } from '../../src/config/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { isDatabaseUnusable } from '../../src/database/database-unavailable.js';
import { assertDurableCommits } from '../../src/database/durability.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { Account, accountsSchema } from '../support/accounts-schema.js';
import { startBlackHoleProxy } from '../support/black-hole-proxy.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';
import { freePort } from '../support/free-port.js';
import { gate, type Gate } from '../support/gate.js';

type PostgresConfig = Extract<DatabaseConfig, { type: 'postgres' }>;

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

const UNAVAILABLE = { code: 'database_unavailable', status: 503, headers: { 'Retry-After': '2' } };

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

describe('PostgreSQL', () => {
  let database: TestDatabase;
  let opened: DataSource[];

  beforeEach(async () => {
    database = await openTestDatabase('postgres', accountsSchema);
    opened = [];
  });

  afterEach(async () => {
    for (const dataSource of opened) await dataSource.destroy();
    await database.close();
  });

  /** A second client of the same database, with other settings and other options of `pg`. */
  const openClient = async (changes: Partial<PostgresConfig>, options: object = {}): Promise<DataSource> => {
    const dataSource = createDataSource(
      { ...(database.config as PostgresConfig), ...changes },
      accountsSchema,
    );
    Object.assign((dataSource.options as { extra: object }).extra, options);
    opened.push(await dataSource.initialize());
    return dataSource;
  };

  const insert = (id: string, manager = database.unitOfWork.manager): Promise<unknown> =>
    manager.insert(Account, { id, name: id, balance: 0 });

  /** What an immediate restart of the server does to its clients. */
  const cutConnections = async (): Promise<void> => {
    const admin = await openClient({ maxConnections: 1 });
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  };

  it('may close idle connections: the next statements open new ones', async () => {
    await Promise.all([1, 2, 3].map((index) => insert(`before-${index}`)));
    await cutConnections();
    // A connection that is handed out before its end was noticed costs one 503.
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => database.unitOfWork.manager.count(Account).catch(codeOf)),
    );
    expect(outcomes.every((outcome) => outcome === 3 || outcome === 'database_unavailable')).toBe(true);
    expect(await database.unitOfWork.run((manager) => manager.count(Account))).toBe(3);
  });

  it('may go away in the middle of a transaction: 503, rolled back, and the pool recovers', async () => {
    const started = gate();
    const mayGoOn = gate();
    const transaction = database.unitOfWork.run(async (manager) => {
      await insert('lost', manager);
      started.open();
      await mayGoOn.opened;
      await insert('never', manager);
    });
    await started.opened;
    await cutConnections();
    mayGoOn.open();
    await expect(transaction).rejects.toMatchObject(UNAVAILABLE);
    expect(await database.unitOfWork.run((manager) => manager.count(Account))).toBe(0);
  });

  it('may be down: recognised as unusable, so that the start waits for it', async () => {
    const dataSource = createDataSource(
      { ...(database.config as PostgresConfig), port: await freePort() },
      accountsSchema,
    );
    await expect(dataSource.initialize()).rejects.toSatisfy(isDatabaseUnusable);
  });

  it('may be swallowed by the network: 503 after the time-out, and the pool recovers', async () => {
    const proxy = await startBlackHoleProxy(inject('postgres').port);
    const dataSource = await openClient({ port: proxy.port, maxConnections: 2 }, { query_timeout: 500 });
    const unitOfWork = new UnitOfWork(dataSource);
    await Promise.all([1, 2].map(() => unitOfWork.run((manager) => manager.count(Account))));
    proxy.swallow();
    const swallowed = [
      unitOfWork.run((manager) => insert('one', manager)),
      insert('two', unitOfWork.manager),
    ];
    const outcomes = await Promise.all(swallowed.map((attempt) => attempt.catch((error: unknown) => error)));
    for (const outcome of outcomes) expect(outcome).toMatchObject(UNAVAILABLE);
    proxy.restore();
    expect(await unitOfWork.run((manager) => manager.count(Account))).toBe(0);
    await proxy.close();
  });

  it('ends statements and waits for locks that take too long, without losing the connection', async () => {
    const dataSource = await openClient({ maxConnections: 1 });
    const settings = await dataSource.query(
      `SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout',
       'idle_in_transaction_session_timeout', 'TimeZone', 'default_transaction_isolation') ORDER BY lower(name)`,
    );
    expect(settings.map((row: { setting: string }) => row.setting)).toEqual([
      'read committed',
      '10000',
      '2000',
      '5000',
      'UTC',
    ]);
    const slow = dataSource.transaction(async (manager) => {
      await manager.query('SET LOCAL statement_timeout = 50');
      await manager.query('SELECT pg_sleep(1)');
    });
    await expect(slow).rejects.toMatchObject(UNAVAILABLE);
  });

  it('retries a deadlock until both transactions are through', async () => {
    await Promise.all([insert('first'), insert('second')]);
    const bothStarted = [gate(), gate()];
    let attempts = 0;
    const transfer = (from: string, to: string, mine: Gate, other: Gate): Promise<void> =>
      database.unitOfWork.run(async (manager) => {
        attempts++;
        await manager.decrement(Account, { id: from }, 'balance', 1);
        mine.open();
        await other.opened;
        await manager.increment(Account, { id: to }, 'balance', 1);
      });
    const [one, two] = bothStarted;
    await Promise.all([transfer('first', 'second', one, two), transfer('second', 'first', two, one)]);
    const balances = (await database.unitOfWork.manager.find(Account)).map((row) => row.balance);
    expect([attempts, ...balances]).toEqual([3, 0, 0]);
  });

  it('is refused when it acknowledges commits before they are on disk', async () => {
    await expect(assertDurableCommits(database.dataSource)).resolves.toBeUndefined();
    const name = (database.config as PostgresConfig).name;
    await database.dataSource.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    await expect(assertDurableCommits(await openClient({}))).rejects.toThrow('synchronous_commit');
  });
});
