import { Injectable } from '@nestjs/common';
import { LessThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditHold, type HoldState } from './hold.entity.js';

/** A last charge of a hold, which is as it was seen. */
export interface HoldCharge {
  hold: CreditHold;
  amountMicro: number;
}

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

  async insertAll(holds: CreditHold[], manager: EntityManager): Promise<void> {
    await manager.createQueryBuilder().insert().into(CreditHold).values(holds).updateEntity(false).execute();
  }

  /** Charges and closes several holds; answers how many of them were still as they had been seen. */
  async settleAll(charges: readonly HoldCharge[], closedAt: number, manager: EntityManager): Promise<number> {
    const cases = (value: string): string =>
      `CASE id ${charges.map((_, index) => `WHEN :hold${index} THEN CAST(:${value}${index} AS BIGINT)`).join(' ')} END`;
    const parameters = charges.flatMap(({ hold, amountMicro }, index) => [
      [`hold${index}`, hold.id],
      [`charge${index}`, amountMicro],
      [`amount${index}`, hold.amountMicro],
      [`captured${index}`, hold.capturedMicro],
    ]);
    const charge = cases('charge');
    const { affected } = await manager
      .createQueryBuilder()
      .update(CreditHold)
      .set({
        capturedMicro: () => `captured_micro + ${charge}`,
        settledMicro: () => charge,
        state: 'settled',
        closedAt,
      })
      .where("id IN (:...ids) AND state = 'open'", { ids: charges.map(({ hold }) => hold.id) })
      .andWhere(`amount_micro = ${cases('amount')} AND captured_micro = ${cases('captured')}`)
      .setParameters(Object.fromEntries(parameters))
      .execute();
    return affected ?? 0;
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
