import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable, type TableBuilder } from './table.js';

/**
 * Events of the streaming interface know whether they tell a whole state, instead of a key that let no state come a
 * second time. The table holds an hour; clients that resume over its renewal are told of the gap.
 */
export class StreamStates1764000000710 implements MigrationInterface {
  name = 'StreamStates1764000000710';

  async up(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'stream_events');
    await createEvents(runner, (table) => table.flag('is_state'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'stream_events');
    await createEvents(runner, (table) => {
      table.text('once_key', { nullable: true, length: 128 });
      table.unique(['user_id', 'channel', 'once_key']);
    });
  }
}

async function createEvents(runner: QueryRunner, addOwn: (table: TableBuilder) => void): Promise<void> {
  await createTable(runner, 'stream_events', (table) => {
    table.id();
    table.reference('user_id', { to: 'users', onDelete: 'CASCADE' });
    table.text('channel', { length: 16 });
    table.count('seq');
    table.instant('at');
    table.json('data');
    table.unique(['user_id', 'channel', 'seq']);
    table.index(['at']);
    addOwn(table);
  });
}
