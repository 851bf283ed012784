import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import { PaymentDispute, type DisputeState } from './dispute.entity.js';

/** Every method is part of a transaction of its caller's. */
@Injectable()
export class DisputeRepository {
  async insert(dispute: PaymentDispute, manager: EntityManager): Promise<void> {
    await manager.insert(PaymentDispute, dispute);
  }

  find(
    provider: PaymentProviderName,
    externalId: string,
    manager: EntityManager,
  ): Promise<PaymentDispute | null> {
    return manager.findOneBy(PaymentDispute, { provider, externalId });
  }

  /** The user's disputes that are still open. */
  openOf(userId: string, manager: EntityManager): Promise<PaymentDispute[]> {
    return manager.findBy(PaymentDispute, { userId, state: 'open' });
  }

  async close(id: string, state: DisputeState, updatedAt: number, manager: EntityManager): Promise<boolean> {
    const { affected } = await manager.update(PaymentDispute, { id, state: 'open' }, { state, updatedAt });
    return affected === 1;
  }
}
