import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable } from './table.js';

/** What operators allow users beside their credits. */
export class Quotas1764000000212 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'credit_quotas', (table) => {
      table.id('user_id');
      table.count('max_requests', { nullable: true });
      table.count('used_requests');
      table.count('max_gpu_seconds', { nullable: true });
      table.count('used_gpu_seconds');
      table.text('reset_interval', { nullable: true, length: 8 });
      table.instant('reset_at', { nullable: true });
      table.check('limits', 'max_requests >= 0 AND max_gpu_seconds >= 0');
      table.check('used', 'used_requests >= 0 AND used_gpu_seconds >= 0');
      table.check('reset_interval', "reset_interval IN ('day', 'week', 'month')");
    });
    await runner.query('ALTER TABLE "rental_meters" ADD COLUMN "gpu_count" bigint NOT NULL DEFAULT 1');
    await runner.query('ALTER TABLE "rental_meters" ADD COLUMN "quota_seconds" bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of ['quota_seconds', 'gpu_count'])
      await runner.query(`ALTER TABLE "rental_meters" DROP COLUMN "${column}"`);
    await dropTable(runner, 'credit_quotas');
  }
}
