import { Entity, Unique, type MigrationInterface, type QueryRunner } from 'typeorm';
import { createTable, dropTable } from '../../migrations/table.js';
import { Amount, Id, Text } from '../../src/database/columns.js';

/** A small table for tests of the database layer itself. */
@Entity('accounts')
@Unique(['name'])
export class Account {
  @Id() id: string;
  @Text({ length: 40 }) name: string;
  @Amount() balance: number;
}

export class Accounts1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'accounts', (table) => {
      table.id();
      table.text('name', { length: 40 });
      table.amount('balance');
      table.unique(['name']);
      table.check('balance_floor', 'balance >= -1000');
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'accounts');
  }
}

export const accountsSchema = { entities: [Account], migrations: [Accounts1700000000001] };
