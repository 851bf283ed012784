import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import { isDomainError } from '../../common/domain-error.js';
import { PaymentAlerts } from '../payments/payment-alerts.js';
import { PaymentSync } from '../payments/payment-sync.service.js';
import type { Payment, PaymentProviderName } from '../payments/payment.entity.js';
import type { RefundNews } from '../processors/callback-reader.js';
import type { RefundOutcome } from '../processors/payment-processor.js';
import { RefundBook } from './refund-book.js';
import type { PaymentRefund } from './refund.entity.js';
import { RefundRepository } from './refund.repository.js';

/** What call-backs tell of refunds: those we asked for, and those that were made by hand at the processor. */
@Injectable()
export class RefundNewsReader {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly book: RefundBook,
    private readonly sync: PaymentSync,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {}

  async record(provider: PaymentProviderName, news: RefundNews): Promise<void> {
    const known = await this.findKnown(provider, news);
    const refund = known ?? (await this.adopt(provider, news));
    if (refund) await this.book.record(refund, outcomeOf(news));
  }

  private async findKnown(provider: PaymentProviderName, news: RefundNews): Promise<PaymentRefund | null> {
    const named = news.refundId === undefined ? null : await this.refunds.find(news.refundId);
    if (named?.paymentId === news.paymentId) return named;
    return this.refunds.findByExternalId(provider, news.externalId);
  }

  /** The money has left without us: its credits have to go, spent or not. */
  private async adopt(provider: PaymentProviderName, news: RefundNews): Promise<PaymentRefund | undefined> {
    const { externalId, paymentId, amountMicro, state } = news;
    if (state === 'failed') return undefined;
    const payment = await this.sync.requireCredited(provider, paymentId, externalId);
    if (!payment) return undefined;
    const refund = this.rowOf(payment, externalId, amountMicro);
    try {
      await this.book.open(refund, payment);
    } catch (error) {
      if (!isDomainError(error, 'not_refundable')) throw error;
      this.alerts.raise('unexplained_money', { provider, payment: paymentId, externalId, amountMicro });
      return undefined;
    }
    return (await this.refunds.findByExternalId(provider, externalId)) ?? undefined;
  }

  private rowOf(payment: Payment, externalId: string, amountMicro: number): PaymentRefund {
    const now = this.clock.now();
    return {
      id: newOrderedId(),
      paymentId: payment.id,
      userId: payment.userId,
      provider: payment.provider,
      amountMicro,
      reason: 'refunded at the processor',
      actorId: null,
      isForced: true,
      state: 'pending',
      detail: null,
      externalId,
      requestKey: null,
      pollAt: null,
      createdAt: now,
      updatedAt: now,
    };
  }
}

function outcomeOf({ state, externalId }: RefundNews): RefundOutcome {
  return state === 'failed' ? { state, externalId, detail: 'failed_at_provider' } : { state, externalId };
}
