import { Logger } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../migrations/index.js';
import { createTable, dropTable } from '../../migrations/table.js';
import { createDataSource } from '../../src/database/data-source.js';
import { tableNames } from '../../src/database/drift.js';
import { migrateDatabase, pendingMigrations, revertLastMigration } from '../../src/database/migrate.js';
import { onEachDatabase } from '../support/databases.js';

class Ledger1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'owners', (table) => {
      table.id();
      table.text('name', { default: "it's" });
    });
    await createTable(runner, 'postings', (table) => {
      table.id();
      table.reference('owner_id', { to: 'owners' });
      table.amount('amount');
      table.index(['owner_id', 'amount'], { unique: true, where: 'amount > 0' });
      table.appendOnly();
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'postings');
    await dropTable(runner, 'owners');
  }
}

class Broken1700000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'halfway', (table) => table.id());
    throw new Error('broken migration');
  }

  async down(): Promise<void> {
    throw new Error('never ran');
  }
}

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

onEachDatabase('migrations', { entities: [], migrations: [] }, (open) => {
  it('go up, all the way down, and up again', async () => {
    const { config, dataSource } = await open();
    const count = (await migrateDatabase(config, MIGRATIONS)).length;
    expect(count).toBe(MIGRATIONS.length);
    for (let left = count; left > 0; left--) await revertLastMigration(config, MIGRATIONS);
    expect(await tableNames(dataSource)).toEqual([]);
    expect((await migrateDatabase(config, MIGRATIONS)).length).toBe(count);
  });

  it('run once when several processes start together', async () => {
    const { config } = await open();
    const runs = await Promise.all([1, 2, 3].map(() => migrateDatabase(config, [Ledger1700000000002])));
    expect(runs.flat()).toEqual(['Ledger1700000000002']);
  });

  it('tell what is pending', async () => {
    const { config } = await open();
    const dataSource = createDataSource(config, { entities: [], migrations: [Ledger1700000000002] });
    await dataSource.initialize();
    const before = await pendingMigrations(dataSource);
    await migrateDatabase(config, [Ledger1700000000002]);
    const after = await pendingMigrations(dataSource);
    await dataSource.destroy();
    expect([before, after]).toEqual([['Ledger1700000000002'], []]);
  });

  it('leave nothing behind when one fails, and keep enforcing foreign keys', async () => {
    const { config, dataSource } = await open();
    const both = [Ledger1700000000002, Broken1700000000003];
    await expect(migrateDatabase(config, both)).rejects.toThrow('broken migration');
    expect(await tableNames(dataSource)).toEqual([]);
    await migrateDatabase(config, [Ledger1700000000002]);
    const orphan = dataSource.query(`INSERT INTO postings (id, owner_id, amount) VALUES ('a', 'nobody', 1)`);
    await expect(orphan).rejects.toThrow(/foreign key/i);
  });

  describe('the table builder', () => {
    it('makes tables append-only, partial unique indices, and columns with defaults', async () => {
      const { config, dataSource } = await open();
      await migrateDatabase(config, [Ledger1700000000002]);
      const post = (id: string, amount: number): Promise<unknown> =>
        dataSource.query(`INSERT INTO postings (id, owner_id, amount) VALUES ('${id}', 'o', ${amount})`);
      await dataSource.query(`INSERT INTO owners (id) VALUES ('o')`);
      await post('first', -5);
      await post('second', -5);
      await post('third', 5);
      await expect(post('fourth', 5)).rejects.toThrow(/unique/i);
      await expect(dataSource.query(`UPDATE postings SET amount = 1`)).rejects.toThrow('append-only');
      await expect(dataSource.query(`DELETE FROM postings`)).rejects.toThrow('append-only');
      await expect(dataSource.query(`DELETE FROM owners`)).rejects.toThrow(/foreign key/i);
      expect(await dataSource.query('SELECT name FROM owners')).toEqual([{ name: "it's" }]);
    });
  });
});
