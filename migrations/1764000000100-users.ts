import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

export class Users1764000000100 implements MigrationInterface {
  name = 'Users1764000000100';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'users', (table) => {
      table.id();
      table.text('email', { length: 254 });
      table.text('name', { length: 100 });
      table.text('password_hash');
      table.flag('must_change_password');
      table.flag('is_admin');
      table.flag('is_active');
      table.count('session_epoch');
      table.instant('created_at');
      table.instant('updated_at');
      table.unique(['email']);
      table.index(['created_at', 'id']);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'users');
  }
}
