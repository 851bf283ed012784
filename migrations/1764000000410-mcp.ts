import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** Where MCP sessions live. */
export class Mcp1764000000410 implements MigrationInterface {
  name = 'Mcp1764000000410';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'mcp_sessions', (table) => {
      table.id();
      table.reference('user_id', { to: 'users', onDelete: 'CASCADE' });
      table.reference('rental_id', { to: 'rentals', onDelete: 'CASCADE' });
      table.instant('created_at');
      table.instant('last_used_at');
      table.index(['user_id']);
      table.index(['rental_id']);
      table.index(['last_used_at']);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'mcp_sessions');
  }
}
