import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

export class JobsAndIdempotency1764000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'job_leases', (table) => {
      table.id('name');
      table.reference('run_id', { nullable: true });
      table.instant('lease_until');
      table.instant('due_at');
    });
    await createTable(runner, 'idempotency_keys', (table) => {
      table.id();
      table.reference('user_id');
      table.text('key', { length: 255 });
      table.text('input_hash', { length: 64 });
      table.text('state', { length: 10 });
      table.reference('attempt_id');
      table.instant('lease_until');
      table.json('outcome', { nullable: true });
      table.instant('created_at');
      table.unique(['user_id', 'key']);
      table.index(['created_at']);
      table.check('state', "state IN ('running', 'done')");
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'idempotency_keys');
    await dropTable(runner, 'job_leases');
  }
}
