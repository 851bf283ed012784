import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SETTLED_STATUSES, settledStatus } from './payment-status.js';
import type { Payment } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

/** What is left of a payment that was credited: how refunds and disputes change its status. */
@Injectable()
export class PaymentStanding {
  constructor(private readonly payments: PaymentRepository) {}

  /**
   * Takes an amount out of what can still be refunded; negative gives it back.
   * @returns false when there is not so much left
   */
  async refund(id: string, amountMicro: number, now: number, manager: EntityManager): Promise<boolean> {
    if (!(await this.payments.addRefunded(id, amountMicro, now, manager))) return false;
    await this.updateStatus(id, manager);
    return true;
  }

  /** Makes the transaction the only one that changes the payment. @returns it as it is now */
  async lock(id: string, now: number, manager: EntityManager): Promise<Payment> {
    await this.payments.change(id, SETTLED_STATUSES, { updatedAt: now }, manager);
    return this.payments.get(id, manager);
  }

  async setDisputed(id: string, isDisputed: boolean, manager: EntityManager): Promise<void> {
    await this.payments.change(id, SETTLED_STATUSES, { isDisputed }, manager);
    await this.updateStatus(id, manager);
  }

  /** The row is locked by the change before. */
  private async updateStatus(id: string, manager: EntityManager): Promise<void> {
    const status = settledStatus(await this.payments.get(id, manager));
    await this.payments.change(id, SETTLED_STATUSES, { status }, manager);
  }
}
