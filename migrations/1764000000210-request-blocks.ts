import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** Which process spends which hold for requests, and how far. */
export class RequestBlocks1764000000210 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'request_blocks', (table) => {
      table.id('hold_id');
      table.reference('user_id', { to: 'credit_accounts' });
      table.reference('owner_id');
      table.amount('spent_micro');
      table.text('state', { length: 16 });
      table.flag('is_recalled');
      table.instant('lease_until');
      table.instant('created_at');
      table.index(['user_id', 'state']);
      table.index(['owner_id', 'state']);
      table.index(['state', 'lease_until']);
      table.check('spent', 'spent_micro >= 0');
      table.check('state', "state IN ('open', 'closed')");
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'request_blocks');
  }
}
