import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable, isSqlite } from './table.js';

const CODES = [
  'signup_grant',
  'grant',
  'purchase',
  'renewal',
  'gpu_usage',
  'request_usage',
  'usage_refund',
  'refund',
  'refund_reversal',
  'refund_clawback',
  'chargeback',
  'chargeback_reversal',
  'admin_correction',
  'writeoff',
];

/** Newest first, so that nothing is dropped before what refers to it. */
const TABLES = [
  'credit_sessions',
  'usage_records',
  'rental_meters',
  'credit_entries',
  'credit_transfers',
  'credit_holds',
  'credit_accounts',
];

/** Ledger (accounts, holds, transfers, entries), rental meters, usage rows and session rows. */
export class Credits1764000000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createAccounts(runner);
    await createHolds(runner);
    await createTransfers(runner);
    await createEntries(runner);
    await createMeters(runner);
    await createUsageRecords(runner);
    await createSessions(runner);
    for (const statement of isSqlite(runner) ? SQLITE_GUARDS : POSTGRES_GUARDS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await dropTable(runner, table);
    if (!isSqlite(runner)) await runner.query('DROP FUNCTION refuse_ledger_change(), require_zero_sum()');
  }
}

async function createAccounts(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'credit_accounts', (table) => {
    table.id();
    table.amount('posted_micro');
    table.amount('held_micro');
    table.amount('cap_micro');
    table.amount('floor_micro');
    table.amount('forced_debt_micro');
    table.amount('used_micro');
    table.flag('is_frozen');
    table.flag('has_auto_renew');
    table.flag('is_signup_settled');
    table.flag('is_low_warned');
    table.count('seq');
    table.text('last_hash', { length: 64 });
    table.instant('created_at');
    table.check('held', 'held_micro >= 0');
    table.check('cap', 'cap_micro >= 0 AND floor_micro <= -cap_micro');
    table.check('forced_debt', 'forced_debt_micro >= 0');
    table.check('floor', 'posted_micro - held_micro + forced_debt_micro >= floor_micro');
  });
}

async function createHolds(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'credit_holds', (table) => {
    table.id();
    table.reference('user_id', { to: 'credit_accounts' });
    table.text('purpose', { length: 32 });
    table.text('reference', { length: 255 });
    table.text('idempotency_key', { length: 255 });
    table.text('input_hash', { length: 64 });
    table.amount('amount_micro');
    table.amount('captured_micro');
    table.text('state', { length: 16 });
    table.amount('settled_micro', { nullable: true });
    table.instant('lease_until', { nullable: true });
    table.instant('created_at');
    table.instant('closed_at', { nullable: true });
    table.unique(['user_id', 'idempotency_key']);
    table.index(['user_id', 'state']);
    table.index(['state', 'lease_until']);
    table.check('captured', 'captured_micro >= 0 AND captured_micro <= amount_micro');
    table.check('state', "state IN ('open', 'settled', 'voided', 'expired')");
    table.check('closed', "(state = 'open') = (closed_at IS NULL)");
    table.check('settled', "(state = 'settled') = (settled_micro IS NOT NULL)");
  });
}

async function createTransfers(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'credit_transfers', (table) => {
    table.id();
    table.text('account', { length: 80 });
    table.text('idempotency_key', { length: 255 });
    table.text('input_hash', { length: 64 });
    table.text('code', { length: 32 });
    table.reference('hold_id', { nullable: true, to: 'credit_holds' });
    table.text('reference', { nullable: true, length: 255 });
    table.text('reason', { nullable: true });
    table.text('actor_id', { nullable: true, length: 255 });
    table.text('request_id', { nullable: true, length: 128 });
    table.instant('event_at');
    table.instant('created_at');
    table.unique(['account', 'idempotency_key']);
    table.index(['hold_id']);
    table.check('code', `code IN (${CODES.map((code) => `'${code}'`).join(', ')})`);
    table.appendOnly();
  });
}

async function createEntries(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'credit_entries', (table) => {
    table.id();
    table.reference('transfer_id', { to: 'credit_transfers' });
    table.text('account', { length: 80 });
    table.amount('amount_micro');
    table.count('seq', { nullable: true });
    table.amount('balance_after_micro', { nullable: true });
    table.amount('used_after_micro', { nullable: true });
    table.text('prev_hash', { nullable: true, length: 64 });
    table.text('hash', { nullable: true, length: 64 });
    table.instant('created_at');
    table.unique(['account', 'seq']);
    table.index(['account', 'created_at']);
    table.index(['transfer_id']);
    table.check('amount', 'amount_micro <> 0');
    table.check('chained', "(account LIKE 'user:%') = (seq IS NOT NULL AND hash IS NOT NULL)");
    table.appendOnly();
  });
}

async function createMeters(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'rental_meters', (table) => {
    table.id('rental_id');
    table.reference('user_id', { to: 'credit_accounts' });
    table.reference('hold_id', { to: 'credit_holds' });
    table.text('client_id', { length: 255 });
    table.text('ip', { nullable: true, length: 64 });
    table.amount('price_per_hour_micro');
    table.count('minimum_seconds');
    table.text('state', { length: 16 });
    table.count('opened_seq');
    table.amount('charged_micro');
    table.instant('running_at', { nullable: true });
    table.instant('billed_through', { nullable: true });
    table.instant('ended_at', { nullable: true });
    table.instant('created_at');
    table.index(['state', 'rental_id']);
    table.index(['user_id', 'state']);
    table.check('charged', 'charged_micro >= 0 AND price_per_hour_micro >= 0 AND minimum_seconds >= 0');
    table.check('state', "state IN ('authorized', 'running', 'exhausted', 'finished')");
  });
}

async function createUsageRecords(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'usage_records', (table) => {
    table.id();
    table.instant('at');
    table.text('request_id', { length: 128 });
    table.reference('user_id');
    table.reference('key_id', { nullable: true });
    table.text('pool', { nullable: true, length: 128 });
    table.text('instance_id', { nullable: true, length: 128 });
    table.text('protocol', { length: 32 });
    table.text('route', { length: 255 });
    table.count('status');
    table.count('duration_ms');
    table.count('input_tokens', { nullable: true });
    table.count('output_tokens', { nullable: true });
    table.count('bytes_in');
    table.count('bytes_out');
    table.amount('cost_micro');
    table.amount('gpu_cost_micro', { nullable: true });
    table.index(['user_id', 'at', 'id']);
  });
}

async function createSessions(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'credit_sessions', (table) => {
    table.id();
    table.text('session_id', { length: 128 });
    table.reference('user_id');
    table.text('kind', { length: 16 });
    table.text('client_id', { length: 255 });
    table.text('ip', { nullable: true, length: 64 });
    table.instant('started_at');
    table.count('duration_seconds');
    table.amount('remaining_micro');
    table.amount('total_micro');
    table.amount('overage_micro');
    table.amount('cap_micro');
    table.flag('has_auto_renew');
    table.count('first_seq');
    table.count('last_seq');
    table.instant('closed_at');
    table.unique(['session_id']);
    table.index(['user_id', 'closed_at', 'id']);
    table.check('kind', "kind IN ('rental', 'socket', 'requests')");
  });
}

/** All of a session row but its address, which is shortened after some time. */
const SESSION_FACTS = [
  'session_id, user_id, kind, client_id, started_at, duration_seconds, remaining_micro, total_micro',
  'overage_micro, cap_micro, has_auto_renew, first_seq, last_seq, closed_at',
].join(', ');

const SQLITE_GUARDS = [
  sqliteGuard('credit_accounts', 'DELETE'),
  sqliteGuard('credit_holds', 'DELETE'),
  sqliteGuard('credit_holds', 'UPDATE', "WHEN OLD.state <> 'open'"),
  sqliteGuard('credit_sessions', 'DELETE'),
  sqliteGuard('credit_sessions', `UPDATE OF ${SESSION_FACTS}`),
];

function sqliteGuard(table: string, event: string, condition = ''): string {
  const name = `trg_${table}_${event.slice(0, 6).toLowerCase()}`;
  const refusal = `SELECT RAISE(ABORT, '${table}: this row never changes')`;
  return `CREATE TRIGGER "${name}" BEFORE ${event} ON "${table}" ${condition} BEGIN ${refusal}; END`;
}

/** The sum over a transfer's entries is checked when the transaction commits; on SQLite the one writer checks it. */
const POSTGRES_GUARDS = [
  `CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION '%: this row never changes', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$`,
  postgresGuard('credit_accounts', 'DELETE'),
  postgresGuard('credit_holds', 'DELETE'),
  postgresGuard('credit_holds', 'UPDATE', "WHEN (OLD.state <> 'open')"),
  postgresGuard('credit_sessions', 'DELETE'),
  postgresGuard('credit_sessions', `UPDATE OF ${SESSION_FACTS}`),
  `CREATE FUNCTION require_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF (SELECT count(*) < 2 OR sum(amount_micro) <> 0 FROM credit_entries WHERE transfer_id = NEW.transfer_id) THEN
         RAISE EXCEPTION 'the entries of transfer % do not add up to zero', NEW.transfer_id
           USING ERRCODE = 'integrity_constraint_violation';
       END IF;
       RETURN NULL;
     END $$`,
  `CREATE CONSTRAINT TRIGGER "trg_credit_entries_zero_sum" AFTER INSERT ON "credit_entries"
     DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_zero_sum()`,
];

function postgresGuard(table: string, event: string, condition = ''): string {
  const name = `trg_${table}_${event.slice(0, 6).toLowerCase()}`;
  return `CREATE TRIGGER "${name}" BEFORE ${event} ON "${table}" FOR EACH ROW ${condition}
    EXECUTE FUNCTION refuse_ledger_change()`;
}
