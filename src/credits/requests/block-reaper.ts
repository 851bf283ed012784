import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { remainingOf } from '../ledger/hold.entity.js';
import { chargeOf } from './block-charge.js';
import { BlockHolds } from './block-holds.js';
import type { RequestBlock } from './request-block.entity.js';
import { RequestBlockRepository } from './request-block.repository.js';

const BLOCKS_PER_ROUND = 500;

/**
 * Settles the blocks of processes that died, at what these had noted last: the user never pays for what nobody can
 * show, and the platform loses the second before the end. An owner that was only slow finds its block closed and
 * charges nothing more to it.
 */
@Injectable()
export class BlockReaper {
  private readonly logger = new Logger(BlockReaper.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rows: RequestBlockRepository,
    private readonly holds: BlockHolds,
    private readonly clock: Clock,
  ) {}

  /** A job calls it. */
  async reapAll(signal: AbortSignal): Promise<void> {
    for (const block of await this.rows.orphans(this.clock.now(), BLOCKS_PER_ROUND)) {
      if (signal.aborted) return;
      await this.reap(block);
    }
  }

  async reapUser(userId: string): Promise<void> {
    const orphans = await this.rows.orphans(this.clock.now(), BLOCKS_PER_ROUND, userId);
    for (const block of orphans) await this.reap(block);
  }

  private async reap(block: RequestBlock): Promise<void> {
    const isReaped = await this.unitOfWork.run((manager) => this.settle(block, manager));
    if (!isReaped) return;
    const { holdId: hold_id, userId: user_id, spentMicro: spent_micro } = block;
    this.logger.warn({ msg: 'settled what a vanished process held', hold_id, user_id, spent_micro });
  }

  private async settle(block: RequestBlock, manager: EntityManager): Promise<boolean> {
    if (!(await this.rows.closeOrphan(block, manager))) return false;
    const hold = await this.holds.get(block.holdId, manager);
    const charge = chargeOf(hold, block.spentMicro);
    const amountMicro = Math.min(charge.amountMicro, remainingOf(hold));
    await this.holds.settle(hold, block.budgetId, { ...charge, amountMicro }, manager);
    return true;
  }
}
