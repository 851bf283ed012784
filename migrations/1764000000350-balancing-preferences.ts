import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

export class BalancingPreferences1764000000350 implements MigrationInterface {
  name = 'BalancingPreferences1764000000350';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'load_balancer_preferences', (table) => {
      table.id('user_id');
      table.text('strategy', { length: 32 });
      table.instant('updated_at');
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'load_balancer_preferences');
  }
}
