import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** How users want credits to be bought without being asked. */
export class AutoRenew1764000000213 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'auto_renew_rules', (table) => {
      table.id('user_id');
      table.flag('is_enabled');
      table.text('trigger', { length: 16 });
      table.amount('threshold_micro', { nullable: true });
      table.amount('amount_micro');
      table.amount('monthly_limit_micro');
      table.text('payment_method', { nullable: true, length: 255 });
      table.instant('updated_at');
      table.index(['is_enabled', 'user_id']);
      table.check('trigger', `"trigger" IN ('threshold', 'interval')`);
      table.check(
        'amounts',
        'amount_micro > 0 AND monthly_limit_micro >= amount_micro AND threshold_micro >= 0',
      );
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'auto_renew_rules');
  }
}
