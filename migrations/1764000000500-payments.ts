import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

const STATUSES = [
  'created',
  'pending',
  'requires_action',
  'partially_paid',
  'completed',
  'failed',
  'canceled',
  'expired',
  'partially_refunded',
  'refunded',
  'disputed',
];

/** Payments: wishes to buy credits. No foreign key to the user: payments outlive the account, like the ledger. */
export class Payments1764000000500 implements MigrationInterface {
  name = 'Payments1764000000500';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'payments', (table) => {
      table.id();
      table.reference('user_id');
      table.text('provider', { length: 16 });
      table.amount('amount_micro');
      table.text('currency', { length: 3 });
      table.text('status', { length: 24 });
      table.text('detail', { nullable: true, length: 64 });
      table.text('method', { length: 64 });
      table.text('purpose', { length: 16 });
      table.text('external_id', { nullable: true, length: 255 });
      table.text('request_key', { nullable: true, length: 300 });
      table.json('instructions');
      table.text('sealed_next_action', { nullable: true });
      table.amount('credited_micro');
      table.amount('refunded_micro');
      table.flag('is_disputed');
      table.instant('poll_at', { nullable: true });
      table.count('polls');
      table.instant('created_at');
      table.instant('updated_at');
      table.instant('completed_at', { nullable: true });
      table.unique(['user_id', 'request_key']);
      table.unique(['provider', 'external_id']);
      table.index(['user_id', 'created_at']);
      table.index(['status', 'poll_at']);
      table.check('amount', 'amount_micro > 0');
      table.check('money', 'refunded_micro >= 0 AND refunded_micro <= credited_micro');
      table.check('status', `status IN (${STATUSES.map((status) => `'${status}'`).join(', ')})`);
      table.check('purpose', "purpose IN ('purchase', 'renewal')");
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'payments');
  }
}
