import type { EntityManager } from 'typeorm';
import { updateTable } from '../../database/table-update.js';

/** Rows of a user, named by the column that holds the user's id. */
interface UserRows {
  table: string;
  userColumn: string;
}

/** Columns of rows that stay, with the SQL of what replaces the personal part. */
interface BlankedRows extends UserRows {
  blank: Readonly<Record<string, string>>;
}

/** What the owner's device left behind: goes at once, also from an account that may be restored. */
export const TRACES: { deleted: readonly UserRows[]; blanked: readonly BlankedRows[] } = {
  deleted: [
    { table: 'sessions', userColumn: 'user_id' },
    { table: 'idempotency_keys', userColumn: 'user_id' },
  ],
  blanked: [
    { table: 'credit_sessions', userColumn: 'user_id', blank: { ip: 'NULL' } },
    { table: 'rental_meters', userColumn: 'user_id', blank: { ip: 'NULL' } },
  ],
};

/** What goes with the account. Children first. */
export const BELONGINGS: { deleted: readonly UserRows[]; blanked: readonly BlankedRows[] } = {
  deleted: [
    { table: 'api_keys', userColumn: 'user_id' },
    { table: 'pools', userColumn: 'user_id' },
    { table: 'mcp_sessions', userColumn: 'user_id' },
    { table: 'stream_events', userColumn: 'user_id' },
    { table: 'load_balancer_preferences', userColumn: 'user_id' },
    { table: 'auto_renew_rules', userColumn: 'user_id' },
    { table: 'payment_methods', userColumn: 'user_id' },
    { table: 'payment_customers', userColumn: 'user_id' },
    { table: 'personal_keys', userColumn: 'owner_id' },
  ],
  blanked: [
    {
      table: 'payments',
      userColumn: 'user_id',
      blank: { instructions: "'{}'", sealed_next_action: 'NULL' },
    },
    { table: 'crypto_invoices', userColumn: 'user_id', blank: { refund_wallet: 'NULL' } },
    { table: 'reservations', userColumn: 'user_id', blank: { config_sealed: "''" } },
  ],
};

/** What stays, under the account's number alone: books that the law wants kept, and what proves them. */
export const KEPT_TABLES = [
  'account_deletions',
  'audit_entries',
  'credit_accounts',
  'credit_entries',
  'credit_holds',
  'credit_quotas',
  'credit_transfers',
  'crypto_deposits',
  'payment_disputes',
  'payment_refunds',
  'payment_renewals',
  'rentals',
  'request_blocks',
  'usage_records',
  'users',
] as const;

export async function removeRows(
  { deleted, blanked }: typeof TRACES,
  userId: string,
  manager: EntityManager,
): Promise<void> {
  for (const { table, userColumn } of deleted) {
    await manager
      .createQueryBuilder()
      .delete()
      .from(table)
      .where(`${userColumn} = :userId`, { userId })
      .execute();
  }
  for (const { table, userColumn, blank } of blanked) {
    await updateTable(manager, table, blank).where(`${userColumn} = :userId`, { userId }).execute();
  }
}
