import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CODES_WITH_COSTS } from './1764000000211-unit-economics.js';
import { changeTransferCodes } from './transfer-code-rule.js';

const CODES_NOW = [...CODES_WITH_COSTS, 'payment', 'payment_return'];

/** Dollars that come in over processors, and go back. */
export class CashBook1764000000220 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await changeTransferCodes(runner, CODES_WITH_COSTS, CODES_NOW);
  }

  async down(runner: QueryRunner): Promise<void> {
    await changeTransferCodes(runner, CODES_NOW, CODES_WITH_COSTS);
  }
}
