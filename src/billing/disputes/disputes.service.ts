import { Injectable } from '@nestjs/common';
import { PaymentAlerts } from '../payments/payment-alerts.js';
import { PaymentEvents } from '../payments/payment-events.js';
import { PaymentSync } from '../payments/payment-sync.service.js';
import type { Payment, PaymentProviderName } from '../payments/payment.entity.js';
import { PaymentRepository } from '../payments/payment.repository.js';
import type { DisputeNews } from '../processors/callback-reader.js';
import { DisputeBook } from './dispute-book.js';

/**
 * Disputes: a payer's bank takes the money back. The credits go with it, once per dispute, and the account is frozen,
 * which stops its rentals at the next charge; won, everything comes back.
 */
@Injectable()
export class Disputes {
  constructor(
    private readonly sync: PaymentSync,
    private readonly book: DisputeBook,
    private readonly payments: PaymentRepository,
    private readonly events: PaymentEvents,
    private readonly alerts: PaymentAlerts,
  ) {}

  async recordNews(provider: PaymentProviderName, news: DisputeNews): Promise<void> {
    const { externalId, paymentId } = news;
    const payment = await this.sync.requireCredited(provider, paymentId, externalId);
    if (!payment) return;
    const hasChanged = await this.apply(payment, news);
    if (hasChanged) this.events.updated(await this.payments.get(paymentId));
  }

  /** A dispute that was lost before we heard of it is opened first. */
  private async apply(payment: Payment, { externalId, amountMicro, state }: DisputeNews): Promise<boolean> {
    const { provider, id } = payment;
    if (state === 'won') return this.win(payment, externalId);
    const isNew = await this.book.open(payment, externalId, amountMicro);
    if (isNew) this.alerts.raise('dispute_opened', { provider, payment: id, externalId, amountMicro });
    const isLost = state === 'lost' && (await this.book.lose(payment, externalId));
    return isNew || isLost;
  }

  private async win(payment: Payment, externalId: string): Promise<boolean> {
    const isWon = await this.book.win(payment, externalId);
    if (!isWon) await this.book.note(payment, externalId);
    return isWon;
  }
}
