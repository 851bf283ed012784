import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

export class Sessions1764000000110 implements MigrationInterface {
  name = 'Sessions1764000000110';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'sessions', (table) => {
      table.id();
      table.reference('user_id', { to: 'users', onDelete: 'CASCADE' });
      table.count('account_epoch');
      table.text('token_hash', { length: 64 });
      table.text('previous_token_hash', { length: 64, nullable: true });
      table.instant('rotated_at', { nullable: true });
      table.text('ip', { length: 64 });
      table.text('user_agent', { length: 256 });
      table.instant('created_at');
      table.instant('last_seen_at');
      table.instant('idle_expires_at');
      table.instant('expires_at');
      table.instant('ended_at', { nullable: true });
      table.text('end_reason', { length: 32, nullable: true });
      table.index(['user_id', 'created_at', 'id']);
      table.index(['idle_expires_at']);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'sessions');
  }
}
