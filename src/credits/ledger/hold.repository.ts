import { Injectable } from '@nestjs/common';
import { LessThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditHold, type HoldState } from './hold.entity.js';

/** Rows of holds. Changes are guarded by the state: whoever changes one row owns that step. */
@Injectable()
export class HoldRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<CreditHold | null> {
    return manager.findOneBy(CreditHold, { id });
  }

  /** Inserts the hold unless its key is taken; returns what the key stands for now. */
  async claimKey(hold: CreditHold, manager: EntityManager): Promise<CreditHold> {
    await manager.createQueryBuilder().insert().into(CreditHold).values(hold).orIgnore().execute();
    const { userId, idempotencyKey } = hold;
    return manager.findOneByOrFail(CreditHold, { userId, idempotencyKey });
  }

  /** Adds to an open hold (or takes back what was just added). */
  extend(id: string, byMicro: number, manager: EntityManager): Promise<boolean> {
    return this.change(manager, id, byMicro, 'amountMicro', 'amount_micro + :amount', 'true');
  }

  /** Marks a part of an open hold as charged, never more than it has left. */
  capture(id: string, amount: number, manager: EntityManager): Promise<boolean> {
    const condition = 'captured_micro + :amount <= amount_micro';
    return this.change(manager, id, amount, 'capturedMicro', 'captured_micro + :amount', condition);
  }

  /** Answers true to the one who closed it. */
  async close(
    id: string,
    end: { state: Exclude<HoldState, 'open'>; settledMicro: number | null; closedAt: number },
    manager: EntityManager,
  ): Promise<boolean> {
    const { affected } = await manager.update(CreditHold, { id, state: 'open' }, end);
    return affected === 1;
  }

  expired(now: number, limit: number): Promise<CreditHold[]> {
    const where = { state: 'open' as const, leaseUntil: LessThan(now) };
    return this.unitOfWork.manager.find(CreditHold, { where, take: limit });
  }

  private async change(
    manager: EntityManager,
    id: string,
    amount: number,
    column: 'amountMicro' | 'capturedMicro',
    sql: string,
    condition: string,
  ): Promise<boolean> {
    const update = manager
      .createQueryBuilder()
      .update(CreditHold)
      .set({ [column]: () => sql });
    const where = `id = :id AND state = 'open' AND ${condition}`;
    const { affected } = await update.where(where, { id, amount }).execute();
    return affected === 1;
  }
}
