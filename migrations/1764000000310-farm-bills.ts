import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** What farms say that ended contracts have cost. */
export class FarmBills1764000000310 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'farm_bills', (table) => {
      table.id();
      table.text('provider', { length: 16 });
      table.text('contract_id', { length: 128 });
      table.reference('rental_id', { nullable: true, to: 'rentals' });
      table.amount('price_per_hour_micro');
      table.instant('started_at');
      table.instant('ended_at');
      table.amount('amount_micro', { nullable: true });
      table.instant('asked_at', { nullable: true });
      table.instant('final_at', { nullable: true });
      table.unique(['provider', 'contract_id']);
      table.index(['final_at', 'asked_at']);
      table.check('amount', 'amount_micro IS NULL OR amount_micro >= 0');
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'farm_bills');
  }
}
