import { Injectable } from '@nestjs/common';
import { And, In, LessThan, MoreThanOrEqual } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { PaymentDispute } from '../disputes/dispute.entity.js';
import { Payment, type PaymentProviderName } from '../payments/payment.entity.js';
import { PaymentRefund } from '../refunds/refund.entity.js';

/** What our books know of a processor's money. */
@Injectable()
export class KnownMoneyRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Amounts that were credited, by the processor's id. */
  async creditedOf(
    provider: PaymentProviderName,
    externalIds: readonly string[],
  ): Promise<Map<string, number>> {
    const where = { provider, externalId: In(externalIds) };
    const rows = await this.unitOfWork.manager.findBy(Payment, where);
    return new Map(rows.map(({ externalId, creditedMicro }) => [externalId ?? '', creditedMicro]));
  }

  async refundsOf(
    provider: PaymentProviderName,
    externalIds: readonly string[],
  ): Promise<Map<string, number>> {
    const where = { provider, externalId: In(externalIds) };
    const rows = await this.unitOfWork.manager.findBy(PaymentRefund, where);
    return new Map(rows.map(({ externalId, amountMicro }) => [externalId ?? '', amountMicro]));
  }

  async disputesOf(provider: PaymentProviderName, externalIds: readonly string[]): Promise<Set<string>> {
    const where = { provider, externalId: In(externalIds) };
    const rows = await this.unitOfWork.manager.findBy(PaymentDispute, where);
    return new Set(rows.map(({ externalId }) => externalId));
  }

  /** Payments that were credited between two instants. */
  creditedBetween(provider: PaymentProviderName, fromMs: number, toMs: number): Promise<Payment[]> {
    const completedAt = And(MoreThanOrEqual(fromMs), LessThan(toMs));
    return this.unitOfWork.manager.findBy(Payment, { provider, completedAt });
  }
}
