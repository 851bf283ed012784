import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

export class ApiKeys1764000000120 implements MigrationInterface {
  name = 'ApiKeys1764000000120';

  async up(runner: QueryRunner): Promise<void> {
    await createApiKeys(runner);
    await createTable(runner, 'login_attempts', (table) => {
      table.id('key');
      table.count('failures');
      table.instant('locked_until');
      table.instant('full_at');
      table.instant('updated_at');
      table.index(['updated_at']);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'login_attempts');
    await dropTable(runner, 'api_keys');
  }
}

async function createApiKeys(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'api_keys', (table) => {
    table.id();
    table.reference('user_id', { to: 'users', onDelete: 'CASCADE' });
    table.text('key_id', { length: 12 });
    table.text('name', { length: 100 });
    table.text('prefix', { length: 16 });
    table.text('key_hmac', { length: 64 });
    table.text('pepper_version', { length: 16 });
    table.text('key_bcrypt', { length: 64 });
    table.json('scopes');
    table.instant('created_at');
    table.instant('expires_at', { nullable: true });
    table.instant('last_used_at', { nullable: true });
    table.instant('revoked_at', { nullable: true });
    table.reference('replaced_by', { nullable: true });
    table.unique(['key_id']);
    table.index(['user_id', 'created_at', 'id']);
  });
}
