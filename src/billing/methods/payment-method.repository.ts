import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';
import { PaymentCustomer } from './payment-customer.entity.js';
import { PaymentMethod } from './payment-method.entity.js';

/** Rows of saved methods and of the customers they belong to. */
@Injectable()
export class PaymentMethodRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  private get manager(): EntityManager {
    return this.unitOfWork.manager;
  }

  /** A method that is there already stays as it is. */
  async insertMissing(method: PaymentMethod): Promise<void> {
    await this.manager.createQueryBuilder().insert().into(PaymentMethod).values(method).orIgnore().execute();
  }

  /** Latest first. */
  listOf(userId: string): Promise<PaymentMethod[]> {
    return this.manager.find(PaymentMethod, { where: { userId }, order: { createdAt: 'DESC', id: 'DESC' } });
  }

  latestOf(userId: string, provider: PaymentProviderName): Promise<PaymentMethod | null> {
    const order = { createdAt: 'DESC', id: 'DESC' } as const;
    return this.manager.findOne(PaymentMethod, { where: { userId, provider }, order });
  }

  findOwn(userId: string, id: string): Promise<PaymentMethod | null> {
    return this.manager.findOneBy(PaymentMethod, { userId, id });
  }

  async remove(provider: PaymentProviderName, externalId: string): Promise<void> {
    await this.manager.delete(PaymentMethod, { provider, externalId });
  }

  findCustomer(userId: string): Promise<PaymentCustomer | null> {
    return this.manager.findOneBy(PaymentCustomer, { userId });
  }

  /** @returns whoever the user is known as now: the first one stays */
  async claimCustomer(customer: PaymentCustomer): Promise<PaymentCustomer> {
    await this.manager
      .createQueryBuilder()
      .insert()
      .into(PaymentCustomer)
      .values(customer)
      .orIgnore()
      .execute();
    return this.manager.findOneByOrFail(PaymentCustomer, { userId: customer.userId });
  }
}
