import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { CreditHold } from '../ledger/hold.entity.js';
import { BlockBook } from './block-book.js';
import { Block } from './block.js';
import { chargeOf } from './block-charge.js';
import { BlockHolds } from './block-holds.js';
import type { Purse } from './purse.js';
import type { RequestBlock } from './request-block.entity.js';
import { RequestBlockRepository } from './request-block.repository.js';

/** `short`: the account cannot give what was asked. `lost`: somebody else has closed the block. */
export type RefillOutcome = 'filled' | 'short' | 'lost';

/**
 * The transactions of blocks. Each begins by taking the block's row, reads the hold as it really stands and leaves
 * memory saying the same, so that a commit whose answer was lost corrects itself with the next one. A charge's key is
 * the block and the sum charged so far: nothing can be posted twice.
 */
@Injectable()
export class BlockKeeper {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rows: RequestBlockRepository,
    private readonly holds: BlockHolds,
    private readonly book: BlockBook,
    private readonly clock: Clock,
  ) {}

  /**
   * A new block. The account must have been opened.
   * @throws insufficient_credits, account_frozen, key_spend_limit_reached
   */
  async open(purse: Purse, amountMicro: number): Promise<Block> {
    const { userId, limit } = purse;
    const { ownerId } = this.book;
    const now = this.clock.now();
    const leaseUntil = this.newLease();
    const idempotencyKey = `requests:${newId()}`;
    const holdId = await this.unitOfWork.run(async (manager) => {
      const request = {
        userId,
        amountMicro,
        purpose: 'requests' as const,
        reference: ownerId,
        idempotencyKey,
      };
      const { id } = await this.holds.place(request, limit, manager);
      const row = { holdId: id, userId, ownerId, budgetId: budgetOf(purse), leaseUntil, createdAt: now };
      await this.rows.insert({ ...row, spentMicro: 0, state: 'open', isRecalled: false }, manager);
      return id;
    });
    return new Block({ holdId, purse, amountMicro, leaseUntil, now });
  }

  /** Posts what is spent and holds `byMicro` more, or `leastMicro` when that is too much for the account. */
  async refill(block: Block, byMicro: number, leastMicro: number): Promise<RefillOutcome> {
    const leaseUntil = this.newLease();
    const truth = await this.unitOfWork.run(async (manager) => {
      const hold = await this.take(block, { leaseUntil }, manager);
      if (!hold) return undefined;
      const settledMicro = await this.postSpent(block, hold, manager);
      const addedMicro = await this.extend(block, hold, { byMicro, leastMicro }, manager);
      return { settledMicro, amountMicro: hold.amountMicro + addedMicro, isShort: addedMicro < leastMicro };
    });
    if (!truth) return 'lost';
    const { isShort, ...stand } = truth;
    Object.assign(block, { ...stand, lastSettledAt: this.clock.now(), leaseUntil, isSuspended: false });
    return isShort ? 'short' : 'filled';
  }

  /** Posts what several blocks have spent, in one transaction: one wait for the disk. */
  async settle(blocks: readonly Block[]): Promise<void> {
    const inOrder = blocks.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
    const posted = await this.unitOfWork.run(async (manager) => {
      const sums = new Map<Block, number>();
      for (const block of inOrder) {
        const hold = await this.take(block, { leaseUntil: this.newLease() }, manager);
        if (hold) sums.set(block, await this.postSpent(block, hold, manager));
      }
      return sums;
    });
    const lastSettledAt = this.clock.now();
    for (const [block, settledMicro] of posted) Object.assign(block, { settledMicro, lastSettledAt });
  }

  /** Posts what is spent and frees what is not in use; from here on the block has no more than that. */
  async shrink(block: Block): Promise<'kept' | 'lost'> {
    block.amountMicro -= Math.max(0, block.freeMicro);
    const keptMicro = block.amountMicro;
    const isKept = await this.unitOfWork.run(async (manager) => {
      const hold = await this.take(block, { isRecalled: false }, manager);
      if (!hold) return false;
      block.settledMicro = await this.postSpent(block, hold, manager);
      const freedMicro = hold.amountMicro - keptMicro;
      await this.holds.shrink(hold, budgetOf(block.purse), freedMicro, manager);
      return true;
    });
    return isKept ? 'kept' : 'lost';
  }

  /** Posts what is owed and frees the rest. Nothing may be let in any more. */
  async close(block: Block): Promise<void> {
    await this.unitOfWork.run(async (manager) => {
      const spentMicro = block.dueMicro;
      const hold = await this.take(block, { state: 'closed', spentMicro }, manager);
      if (!hold) return;
      await this.holds.settle(hold, budgetOf(block.purse), chargeOf(hold, spentMicro), manager);
    });
  }

  /** Notes how far blocks are spent and renews their leases; answers those that are no longer ours. */
  async checkpoint(blocks: readonly Block[]): Promise<Block[]> {
    const { ownerId } = this.book;
    const leaseUntil = this.newLease();
    const marks = blocks.map(({ holdId, dueMicro }) => ({ holdId, spentMicro: dueMicro }));
    const kept = await this.rows.checkpoint(ownerId, marks, leaseUntil);
    blocks.forEach((block, index) => {
      block.notedMicro = marks[index].spentMicro;
      if (kept === blocks.length) block.leaseUntil = leaseUntil;
    });
    if (kept === blocks.length) return [];
    const open = new Set(await this.rows.openOf(ownerId));
    return blocks.filter(({ holdId }) => !open.has(holdId));
  }

  /** Locks the block's row and reads its hold; undefined when the block is no longer ours. */
  private async take(
    { holdId }: Block,
    change: Partial<RequestBlock>,
    manager: EntityManager,
  ): Promise<CreditHold | undefined> {
    const isOurs = await this.rows.change({ holdId, ownerId: this.book.ownerId }, change, manager);
    return isOurs ? this.holds.get(holdId, manager) : undefined;
  }

  /** Returns the sum that is posted now. */
  private async postSpent(block: Block, hold: CreditHold, manager: EntityManager): Promise<number> {
    const { spentMicro } = block;
    await this.holds.capture(chargeOf(hold, spentMicro), manager);
    return spentMicro;
  }

  private async extend(
    { purse: { limit } }: Block,
    hold: CreditHold,
    { byMicro, leastMicro }: { byMicro: number; leastMicro: number },
    manager: EntityManager,
  ): Promise<number> {
    if (byMicro > 0 && (await this.holds.extend(hold, limit, byMicro, manager))) return byMicro;
    const isWorthTrying = leastMicro > 0 && leastMicro < byMicro;
    return isWorthTrying && (await this.holds.extend(hold, limit, leastMicro, manager)) ? leastMicro : 0;
  }

  private newLease(): number {
    return this.clock.now() + this.book.leaseMs;
  }
}

function budgetOf({ limit }: Purse): string | null {
  return limit?.id ?? null;
}
