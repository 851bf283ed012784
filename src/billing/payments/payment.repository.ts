import { Injectable } from '@nestjs/common';
import { In, LessThanOrEqual, type EntityManager, type UpdateResult } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { decodeCursor } from '../../common/cursor.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { Payment, type PaymentProviderName } from './payment.entity.js';
import { OPEN_STATUSES, SETTLED_STATUSES, type PaymentStatus } from './payment-status.js';

type Changes = Partial<Payment>;

/** Rows of payments. Whoever changes a status names the statuses that it may change; the count of rows says who won. */
@Injectable()
export class PaymentRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Inserts the row unless the user's request key is taken. @returns the row that the key stands for now */
  async claim(payment: Payment): Promise<Payment> {
    const { manager } = this.unitOfWork;
    const row = payment as QueryDeepPartialEntity<Payment>;
    await manager.createQueryBuilder().insert().into(Payment).values(row).orIgnore().execute();
    const { id, userId, requestKey } = payment;
    return manager.findOneByOrFail(Payment, requestKey === null ? { id } : { userId, requestKey });
  }

  find(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<Payment | null> {
    return manager.findOneBy(Payment, { id });
  }

  get(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<Payment> {
    return manager.findOneByOrFail(Payment, { id });
  }

  findOwn(userId: string, id: string): Promise<Payment | null> {
    return this.unitOfWork.manager.findOneBy(Payment, { id, userId });
  }

  findByExternalId(provider: PaymentProviderName, externalId: string): Promise<Payment | null> {
    return this.unitOfWork.manager.findOneBy(Payment, { provider, externalId });
  }

  /** Newest first, one row more than asked for. */
  page(userId: string, limit: number, cursor: string | undefined): Promise<Payment[]> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(Payment, 'row')
      .where('row.userId = :userId', { userId });
    const after = decodeCursor(cursor);
    if (after) {
      const isLater = 'row.createdAt < :at OR (row.createdAt = :at AND row.id < :id)';
      query.andWhere(`(${isLater})`, { at: after.createdAt, id: after.id });
    }
    query.orderBy('row.createdAt', 'DESC').addOrderBy('row.id', 'DESC');
    return query.take(limit + 1).getMany();
  }

  /** Open payments whose processor should be asked again, longest overdue first. */
  due(now: number, limit: number): Promise<Payment[]> {
    const where = { status: In(OPEN_STATUSES), pollAt: LessThanOrEqual(now) };
    return this.unitOfWork.manager.find(Payment, { where, order: { pollAt: 'ASC' }, take: limit });
  }

  /** False when the payment is in none of the statuses: somebody else was faster, or the change is out of date. */
  async change(
    id: string,
    from: readonly PaymentStatus[],
    changes: Changes,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const set = changes as QueryDeepPartialEntity<Payment>;
    return isOne(await manager.update(Payment, { id, status: In(from) }, set));
  }

  /** Adds to what was credited, without a look at what it was. */
  async addCredited(
    id: string,
    amountMicro: number,
    updatedAt: number,
    manager: EntityManager,
  ): Promise<boolean> {
    const update = manager.createQueryBuilder().update(Payment);
    const set = { creditedMicro: () => 'credited_micro + :amountMicro', updatedAt };
    return isOne(await update.set(set).where('id = :id').setParameters({ id, amountMicro }).execute());
  }

  /** Takes an amount out of what can still be refunded (or gives it back, negative). False when there is not so much left. */
  async addRefunded(
    id: string,
    amountMicro: number,
    updatedAt: number,
    manager: EntityManager,
  ): Promise<boolean> {
    const update = manager.createQueryBuilder().update(Payment);
    const set = { refundedMicro: () => 'refunded_micro + :amountMicro', updatedAt };
    const isEnough = 'refunded_micro + :amountMicro <= credited_micro AND refunded_micro + :amountMicro >= 0';
    return isOne(
      await update
        .set(set)
        .where(`id = :id AND status IN (:...settled) AND ${isEnough}`)
        .setParameters({ id, amountMicro, settled: SETTLED_STATUSES })
        .execute(),
    );
  }
}

function isOne({ affected }: UpdateResult): boolean {
  return affected === 1;
}
