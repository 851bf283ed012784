import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import { PaymentRefund, type RefundState } from './refund.entity.js';

@Injectable()
export class RefundRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Inserts the refund unless there is one with its key or its processor's id. False when there was. */
  async insertMissing(refund: PaymentRefund, manager: EntityManager): Promise<boolean> {
    await manager.createQueryBuilder().insert().into(PaymentRefund).values(refund).orIgnore().execute();
    return manager.existsBy(PaymentRefund, { id: refund.id });
  }

  find(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<PaymentRefund | null> {
    return manager.findOneBy(PaymentRefund, { id });
  }

  findByRequest(paymentId: string, requestKey: string): Promise<PaymentRefund | null> {
    return this.unitOfWork.manager.findOneBy(PaymentRefund, { paymentId, requestKey });
  }

  findByExternalId(provider: PaymentProviderName, externalId: string): Promise<PaymentRefund | null> {
    return this.unitOfWork.manager.findOneBy(PaymentRefund, { provider, externalId });
  }

  due(now: number, limit: number): Promise<PaymentRefund[]> {
    const where = { state: 'pending' as const, pollAt: LessThanOrEqual(now) };
    return this.unitOfWork.manager.find(PaymentRefund, { where, order: { pollAt: 'ASC' }, take: limit });
  }

  /** False when the refund is in none of the states. */
  async change(
    id: string,
    from: RefundState,
    changes: Partial<PaymentRefund>,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const { affected } = await manager.update(PaymentRefund, { id, state: from }, changes);
    return affected === 1;
  }
}
