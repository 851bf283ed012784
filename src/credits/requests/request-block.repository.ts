import { Injectable } from '@nestjs/common';
import { LessThan, Not, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditHold } from '../ledger/hold.entity.js';
import { RequestBlock } from './request-block.entity.js';

/** How much of a block was spent at some moment. */
export interface BlockMark {
  holdId: string;
  spentMicro: number;
}

/** Open blocks of a user but one. */
export interface OtherBlocks {
  userId: string;
  /** Empty = all of them. */
  butHoldId: string;
  /** Only those that are committed to this key budget. */
  budgetId?: string;
}

/** Rows of blocks. An owner's changes are refused once its block was closed by somebody else. */
@Injectable()
export class RequestBlockRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async insert(block: RequestBlock, manager: EntityManager): Promise<void> {
    await manager.insert(RequestBlock, block);
  }

  /** Takes the row for the rest of the transaction. False: the block is no longer the owner's. */
  async change(
    { holdId, ownerId }: Pick<RequestBlock, 'holdId' | 'ownerId'>,
    change: Partial<RequestBlock>,
    manager: EntityManager,
  ): Promise<boolean> {
    const { affected } = await manager.update(RequestBlock, { holdId, ownerId, state: 'open' }, change);
    return affected === 1;
  }

  /** Notes how far several blocks are spent, in one statement; answers how many of them are still the owner's. */
  async checkpoint(ownerId: string, marks: readonly BlockMark[], leaseUntil: number): Promise<number> {
    const cases = marks.map((_, index) => `WHEN :hold${index} THEN CAST(:spent${index} AS BIGINT)`);
    const values = marks.flatMap(({ holdId, spentMicro }, index) => [
      [`hold${index}`, holdId],
      [`spent${index}`, spentMicro],
    ]);
    const { affected } = await this.unitOfWork.manager
      .createQueryBuilder()
      .update(RequestBlock)
      .set({ spentMicro: () => `CASE hold_id ${cases.join(' ')} END`, leaseUntil })
      .where("hold_id IN (:...ids) AND owner_id = :ownerId AND state = 'open'")
      .setParameters({ ...Object.fromEntries(values), ids: marks.map(({ holdId }) => holdId), ownerId })
      .execute();
    return affected ?? 0;
  }

  /** Which of the owner's blocks others want back. */
  async recalled(ownerId: string): Promise<string[]> {
    return this.holdIds({ ownerId, state: 'open', isRecalled: true });
  }

  async openOf(ownerId: string): Promise<string[]> {
    return this.holdIds({ ownerId, state: 'open' });
  }

  /** Asks for what other blocks of the user do not use; those of the asking process are looked after in the same way. */
  async recallOthers(blocks: OtherBlocks): Promise<void> {
    await this.unitOfWork.manager.update(
      RequestBlock,
      { ...whereOthers(blocks), isRecalled: false },
      { isRecalled: true },
    );
  }

  hasPendingRecalls(blocks: OtherBlocks): Promise<boolean> {
    return this.unitOfWork.manager.existsBy(RequestBlock, { ...whereOthers(blocks), isRecalled: true });
  }

  /** What they have left, as far as their processes have told. */
  async unspentByOthers({ userId, butHoldId, budgetId }: OtherBlocks): Promise<number> {
    const ofBudget = budgetId === undefined ? '' : ' AND block.budgetId = :budgetId';
    const row = await this.unitOfWork.manager
      .createQueryBuilder(RequestBlock, 'block')
      .innerJoin(CreditHold, 'hold', 'hold.id = block.holdId')
      .select('COALESCE(SUM(hold.amountMicro - block.spentMicro), 0)', 'unspent')
      .where(`block.userId = :userId AND block.holdId <> :butHoldId AND block.state = 'open'${ofBudget}`)
      .setParameters({ userId, butHoldId, budgetId })
      .getRawOne<{ unspent: string | number }>();
    return Number(row?.unspent ?? 0);
  }

  /** Blocks whose owner is gone. */
  orphans(now: number, limit: number, ofUser?: string): Promise<RequestBlock[]> {
    const due = { state: 'open' as const, leaseUntil: LessThan(now) };
    const where = ofUser === undefined ? due : { ...due, userId: ofUser };
    return this.unitOfWork.manager.find(RequestBlock, { where, take: limit });
  }

  /** True for the one who closes an orphan; false when its owner was alive after all, or another was faster. */
  async closeOrphan({ holdId, leaseUntil }: RequestBlock, manager: EntityManager): Promise<boolean> {
    const where = { holdId, leaseUntil, state: 'open' as const };
    const { affected } = await manager.update(RequestBlock, where, { state: 'closed' });
    return affected === 1;
  }

  private async holdIds(where: object): Promise<string[]> {
    const select = ['holdId' as const];
    const rows = await this.unitOfWork.manager.find(RequestBlock, { select, where });
    return rows.map(({ holdId }) => holdId);
  }
}

function whereOthers({ userId, butHoldId, budgetId }: OtherBlocks) {
  const where = { userId, state: 'open' as const, holdId: Not(butHoldId) };
  return budgetId === undefined ? where : { ...where, budgetId };
}
