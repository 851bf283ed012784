import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** Newest first, so that nothing is dropped before what refers to it. */
const TABLES = [
  'payment_renewals',
  'payment_methods',
  'payment_customers',
  'payment_disputes',
  'payment_refunds',
  'payment_callbacks',
];

/** What happens round payments: call-backs, refunds, disputes, customers and methods at processors, renewals. */
export class PaymentRecords1764000000510 implements MigrationInterface {
  name = 'PaymentRecords1764000000510';

  async up(runner: QueryRunner): Promise<void> {
    await createCallbacks(runner);
    await createRefunds(runner);
    await createDisputes(runner);
    await createCustomers(runner);
    await createMethods(runner);
    await createRenewals(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await dropTable(runner, table);
  }
}

async function createCallbacks(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'payment_callbacks', (table) => {
    table.id();
    table.text('provider', { length: 16 });
    table.text('event_id', { length: 255 });
    table.text('type', { length: 128 });
    table.json('data');
    table.text('state', { length: 16 });
    table.count('attempts');
    table.instant('due_at');
    table.instant('received_at');
    table.instant('handled_at', { nullable: true });
    table.unique(['provider', 'event_id']);
    table.index(['state', 'due_at']);
    table.check('state', "state IN ('new', 'done', 'ignored', 'given_up')");
  });
}

async function createRefunds(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'payment_refunds', (table) => {
    table.id();
    table.reference('payment_id', { to: 'payments' });
    table.reference('user_id');
    table.text('provider', { length: 16 });
    table.amount('amount_micro');
    table.text('reason', { length: 500 });
    table.reference('actor_id', { nullable: true });
    table.flag('is_forced');
    table.text('state', { length: 16 });
    table.text('detail', { nullable: true, length: 64 });
    table.text('external_id', { nullable: true, length: 255 });
    table.text('request_key', { nullable: true, length: 300 });
    table.instant('poll_at', { nullable: true });
    table.instant('created_at');
    table.instant('updated_at');
    table.unique(['provider', 'external_id']);
    table.unique(['payment_id', 'request_key']);
    table.index(['payment_id']);
    table.index(['state', 'poll_at']);
    table.check('amount', 'amount_micro > 0');
    table.check('state', "state IN ('pending', 'succeeded', 'failed')");
  });
}

async function createDisputes(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'payment_disputes', (table) => {
    table.id();
    table.reference('payment_id', { to: 'payments' });
    table.reference('user_id');
    table.text('provider', { length: 16 });
    table.text('external_id', { length: 255 });
    table.amount('amount_micro');
    table.text('state', { length: 16 });
    table.flag('was_frozen');
    table.instant('created_at');
    table.instant('updated_at');
    table.unique(['provider', 'external_id']);
    table.index(['user_id', 'state']);
    table.check('state', "state IN ('open', 'won', 'lost')");
  });
}

async function createCustomers(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'payment_customers', (table) => {
    table.id('user_id');
    table.text('provider', { length: 16 });
    table.text('external_id', { length: 255 });
    table.instant('created_at');
  });
}

async function createMethods(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'payment_methods', (table) => {
    table.id();
    table.reference('user_id');
    table.text('provider', { length: 16 });
    table.text('external_id', { length: 255 });
    table.text('brand', { length: 32 });
    table.text('last4', { length: 4 });
    table.count('exp_month');
    table.count('exp_year');
    table.instant('created_at');
    table.unique(['provider', 'external_id']);
    table.index(['user_id', 'created_at']);
  });
}

async function createRenewals(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'payment_renewals', (table) => {
    table.id();
    table.reference('user_id');
    table.text('renew_key', { length: 255 });
    table.amount('amount_micro');
    table.text('state', { length: 16 });
    table.text('detail', { nullable: true, length: 64 });
    table.count('tries');
    table.reference('payment_id', { nullable: true });
    table.instant('try_at', { nullable: true });
    table.instant('created_at');
    table.instant('updated_at');
    table.unique(['renew_key']);
    table.index(['user_id'], {
      unique: true,
      where: "state IN ('open', 'requires_action')",
      name: 'idx_payment_renewals_in_flight',
    });
    table.index(['state', 'try_at']);
    table.check('state', "state IN ('open', 'requires_action', 'done', 'failed')");
  });
}
