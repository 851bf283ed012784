import { Injectable } from '@nestjs/common';
import type { CallbackNews } from '../processors/callback-reader.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import { PaymentAlerts } from './payment-alerts.js';
import { PaymentProgress } from './payment-progress.js';
import type { Payment, PaymentProviderName } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

/** Brings payments up to date with their processors. */
@Injectable()
export class PaymentSync {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly processors: PaymentProcessors,
    private readonly progress: PaymentProgress,
    private readonly alerts: PaymentAlerts,
  ) {}

  /** Asks the processor how the payment stands. */
  async refresh(payment: Payment): Promise<Payment> {
    return this.progress.record(payment, await this.processors.of(payment).retrieve(payment));
  }

  /** Gives a payment up that nobody has paid; false when its processor does not take that back. */
  async giveUp(payment: Payment): Promise<boolean> {
    const processor = this.processors.of(payment);
    if (!processor.cancel) return false;
    await this.progress.record(payment, await processor.cancel(payment));
    return true;
  }

  /** News of a payment that is none of ours change nothing and are reported. */
  async recordNews(
    provider: PaymentProviderName,
    { paymentId, externalId, outcome }: Extract<CallbackNews, { kind: 'payment' }>,
  ): Promise<void> {
    const payment = await this.findOurs(provider, paymentId, externalId);
    if (payment) await this.progress.record(payment, outcome);
    else this.alerts.raise('foreign_payment', { provider, externalId, payment: paymentId });
  }

  /**
   * The payment that money has left again. It may be that its arrival was never told, so the processor is asked.
   * @returns undefined, with an alert, when it is none of ours
   * @throws Error when the processor does not (yet) say that it was paid: try again later
   */
  async requireCredited(
    provider: PaymentProviderName,
    paymentId: string,
    externalId: string,
  ): Promise<Payment | undefined> {
    const payment = await this.payments.find(paymentId);
    if (payment?.provider !== provider) {
      this.alerts.raise('foreign_payment', { provider, externalId, payment: paymentId });
      return undefined;
    }
    const current = payment.creditedMicro > 0 ? payment : await this.refresh(payment);
    if (current.creditedMicro === 0) throw new Error(`payment ${paymentId} is not credited`);
    return current;
  }

  private async findOurs(
    provider: PaymentProviderName,
    paymentId: string | undefined,
    externalId: string,
  ): Promise<Payment | undefined> {
    const named = paymentId === undefined ? null : await this.payments.find(paymentId);
    if (named?.provider === provider) return named;
    return (await this.payments.findByExternalId(provider, externalId)) ?? undefined;
  }
}
