import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What single keys are narrowed to, and under which key that is counted. */
export class KeyLimits1764000000121 implements MigrationInterface {
  name = 'KeyLimits1764000000121';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "api_keys" ADD COLUMN "limits" text');
    await runner.query('ALTER TABLE "api_keys" ADD COLUMN "origin_id" varchar(64)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "api_keys" DROP COLUMN "origin_id"');
    await runner.query('ALTER TABLE "api_keys" DROP COLUMN "limits"');
  }
}
