import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** How much single keys have spent of what they may, and which blocks are held under such a limit. */
export class KeyBudgets1764000000214 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'key_budgets', (table) => {
      table.id();
      table.amount('committed_micro');
      table.check('committed', 'committed_micro >= 0');
    });
    await runner.query('ALTER TABLE "request_blocks" ADD COLUMN "budget_id" varchar(64)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "request_blocks" DROP COLUMN "budget_id"');
    await dropTable(runner, 'key_budgets');
  }
}
