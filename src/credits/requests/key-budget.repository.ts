import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { KeyBudget } from './key-budget.entity.js';
import type { SpendLimit } from './purse.js';

/**
 * Rows of key budgets. They change in the transactions that change holds, after these: `committedMicro` is always what
 * closed blocks have charged and open ones hold, so all processes together never pass a limit.
 */
@Injectable()
export class KeyBudgetRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async committedOf(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<number> {
    return (await manager.findOneBy(KeyBudget, { id }))?.committedMicro ?? 0;
  }

  /** False, and nothing changed, when the limit does not allow so much more. */
  async commit({ id, limitMicro }: SpendLimit, micro: number, manager: EntityManager): Promise<boolean> {
    const row = { id, committedMicro: 0 };
    await manager.createQueryBuilder().insert().into(KeyBudget).values(row).orIgnore().execute();
    const { affected } = await manager
      .createQueryBuilder()
      .update(KeyBudget)
      .set({ committedMicro: () => 'committed_micro + :micro' })
      .where('id = :id AND committed_micro + :micro <= :limitMicro', { id, micro, limitMicro })
      .execute();
    return affected === 1;
  }

  async release(id: string, micro: number, manager: EntityManager): Promise<void> {
    if (micro <= 0) return;
    await manager
      .createQueryBuilder()
      .update(KeyBudget)
      .set({ committedMicro: () => 'committed_micro - :micro' })
      .where('id = :id', { id, micro })
      .execute();
  }
}
