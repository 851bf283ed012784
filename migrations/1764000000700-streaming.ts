import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** Events of the streaming interface, numbered per user and channel. */
export class Streaming1764000000700 implements MigrationInterface {
  name = 'Streaming1764000000700';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'stream_events', (table) => {
      table.id();
      table.reference('user_id', { to: 'users', onDelete: 'CASCADE' });
      table.text('channel', { length: 16 });
      table.count('seq');
      table.instant('at');
      table.text('once_key', { nullable: true, length: 128 });
      table.json('data');
      table.unique(['user_id', 'channel', 'seq']);
      table.unique(['user_id', 'channel', 'once_key']);
      table.index(['at']);
    });
    await createTable(runner, 'stream_positions', (table) => {
      table.id();
      table.count('seq');
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'stream_positions');
    await dropTable(runner, 'stream_events');
  }
}
