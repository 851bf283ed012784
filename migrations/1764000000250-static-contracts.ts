import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** Which of the operator's own machines are rented; a row lives as long as its contract. */
export class StaticContracts1764000000250 implements MigrationInterface {
  name = 'StaticContracts1764000000250';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'static_contracts', (table) => {
      table.id();
      table.text('machine_name', { length: 63 });
      table.text('label', { length: 256 });
      table.instant('created_at');
      table.unique(['machine_name']);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'static_contracts');
  }
}
