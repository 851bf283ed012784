import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

const STATES = ['confirming', 'missing', 'dropped', 'dust', 'credited', 'reversed'];

/** Invoices, deposits and cursors of crypto payments. Units of assets are texts: they exceed 2^53. */
export class Crypto1764000000600 implements MigrationInterface {
  name = 'Crypto1764000000600';

  async up(runner: QueryRunner): Promise<void> {
    await createSequences(runner);
    await createInvoices(runner);
    await createDeposits(runner);
    await createCursors(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['deposits', 'invoices', 'address_sequences', 'chain_cursors'])
      await dropTable(runner, `crypto_${table}`);
  }
}

async function createSequences(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'crypto_address_sequences', (table) => {
    table.id();
    table.count('next_index');
    table.check('index', 'next_index >= 0');
  });
}

async function createInvoices(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'crypto_invoices', (table) => {
    table.id();
    table.reference('payment_id', { to: 'payments' });
    table.reference('user_id');
    table.count('chain_id');
    table.text('network', { length: 32 });
    table.text('asset', { length: 16 });
    table.text('address', { length: 42 });
    table.reference('key_id', { to: 'crypto_address_sequences' });
    table.count('address_index');
    table.text('quoted_units', { length: 78 });
    table.amount('quoted_micro');
    table.amount('price_micro');
    table.count('decimals');
    table.text('refund_wallet', { nullable: true, length: 42 });
    table.amount('credited_micro');
    table.flag('is_paid_late');
    table.flag('is_expired');
    table.count('created_block');
    table.count('rescan_from', { nullable: true });
    table.count('coin_block');
    table.count('coin_sent_count');
    table.text('coin_spent_units', { length: 78 });
    table.count('coin_findings');
    table.instant('expires_at');
    table.instant('watch_until');
    table.instant('created_at');
    table.unique(['payment_id']);
    table.unique(['address']);
    table.unique(['key_id', 'address_index']);
    table.index(['chain_id', 'watch_until']);
    table.check('money', 'quoted_micro > 0 AND price_micro > 0 AND credited_micro >= 0');
  });
}

async function createDeposits(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'crypto_deposits', (table) => {
    table.id();
    table.count('chain_id');
    table.text('tx_hash', { length: 128 });
    table.count('position');
    table.reference('invoice_id', { to: 'crypto_invoices' });
    table.reference('user_id');
    table.text('asset', { length: 16 });
    table.text('token', { nullable: true, length: 42 });
    table.text('units', { length: 78 });
    table.text('credited_units', { nullable: true, length: 78 });
    table.amount('credited_micro');
    table.text('state', { length: 16 });
    table.flag('is_final');
    table.count('block_number');
    table.text('block_hash', { length: 66 });
    table.instant('block_at');
    table.count('missing_since_block', { nullable: true });
    table.count('credits');
    table.instant('created_at');
    table.instant('updated_at');
    table.unique(['chain_id', 'tx_hash', 'position']);
    table.index(['chain_id', 'state', 'is_final']);
    table.index(['invoice_id']);
    table.index(['user_id', 'state', 'is_final']);
    table.check('state', `state IN (${STATES.map((state) => `'${state}'`).join(', ')})`);
    table.check('money', "credited_micro >= 0 AND (credited_micro > 0) = (state = 'credited')");
  });
}

async function createCursors(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'crypto_chain_cursors', (table) => {
    table.id();
    table.count('block_number');
    table.text('block_hash', { length: 66 });
    table.instant('updated_at');
  });
}
