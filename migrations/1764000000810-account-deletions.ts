import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** Accounts that their owners have deleted. No foreign key: the row of the account is never removed. */
export class AccountDeletions1764000000810 implements MigrationInterface {
  name = 'AccountDeletions1764000000810';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'account_deletions', (table) => {
      table.id();
      table.text('email_hash', { length: 64, nullable: true });
      table.text('identity_sealed', { nullable: true });
      table.text('identity_key_id', { length: 64, nullable: true });
      table.instant('requested_at');
      table.instant('erase_at');
      table.instant('erased_at', { nullable: true });
      table.index(['email_hash']);
      table.index(['erase_at']);
      table.check('erased', 'erased_at IS NULL OR (email_hash IS NULL AND identity_sealed IS NULL)');
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'account_deletions');
  }
}
