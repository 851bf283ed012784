import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { isDomainError } from '../../common/domain-error.js';
import type { DueRenewal } from '../../credits/auto-renew/auto-renew-rules.service.js';
import { PaymentAlerts } from '../payments/payment-alerts.js';
import type { Payment } from '../payments/payment.entity.js';
import { PaymentsService } from '../payments/payments.service.js';
import type { PaymentProcessor } from '../processors/payment-processor.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import type { PaymentRenewal } from './renewal.entity.js';
import { RenewalRepository } from './renewal.repository.js';

const HOUR_MS = 3_600_000;
/** After the first and the second failure; after the third there is no more. */
const PAUSES_MS = [HOUR_MS, 24 * HOUR_MS] as const;
const MOST_TRIES = PAUSES_MS.length + 1;

/** One try of a renewal, and what came of it. */
@Injectable()
export class RenewalAttempts {
  constructor(
    private readonly renewals: RenewalRepository,
    private readonly processors: PaymentProcessors,
    private readonly payments: PaymentsService,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {}

  /** There is a processor that keeps cards. */
  get isPossible(): boolean {
    return this.processor !== undefined;
  }

  /** Pays with the saved card. The key names the renewal and the try, so that a try that died is not made twice. */
  async attempt(renewal: PaymentRenewal, { userId, amountMicro, paymentMethod }: DueRenewal): Promise<void> {
    const { processor } = this;
    const now = this.clock.now();
    const tryAt = now + (PAUSES_MS[renewal.tries] ?? 0);
    if (!processor || !(await this.renewals.beginTry(renewal, tryAt, now))) return;
    const begun = { ...renewal, tries: renewal.tries + 1, tryAt, paymentId: null };
    const payment = await this.pay(begun, {
      userId,
      provider: processor.name,
      amountMicro,
      currency: 'USD',
      preference: { kind: 'card', source: 'saved' },
      savedMethodId: paymentMethod ?? undefined,
      isSaved: false,
      isOffSession: true,
      requestKey: `${renewal.renewKey}:${renewal.id}:${begun.tries}`,
    });
    if (payment) await this.record({ ...begun, paymentId: payment.id }, payment);
  }

  /** Follows the payment of the latest try. */
  async update(renewal: PaymentRenewal): Promise<PaymentRenewal> {
    if (renewal.paymentId === null) return renewal;
    return this.record(renewal, await this.payments.findOwn(renewal.userId, renewal.paymentId));
  }

  private get processor(): PaymentProcessor | undefined {
    return this.processors.all.find(({ isConfigured, methods }) => isConfigured && methods !== undefined);
  }

  /** A refusal before the payment exists (no saved card, too small an amount) will be the same next time. */
  private async pay(
    renewal: PaymentRenewal,
    order: Parameters<PaymentsService['begin']>[0],
  ): Promise<Payment | undefined> {
    try {
      return (await this.payments.begin(order)).payment;
    } catch (error) {
      if (!isDomainError(error) || error.status >= 500) throw error;
      await this.giveUp(renewal, error.code);
      return undefined;
    }
  }

  private async record(renewal: PaymentRenewal, payment: Payment): Promise<PaymentRenewal> {
    switch (payment.status) {
      case 'created':
      case 'pending':
        return this.save(renewal, { paymentId: payment.id });
      case 'requires_action':
        return this.save(renewal, { paymentId: payment.id, state: 'requires_action' });
      case 'failed':
      case 'canceled':
      case 'expired':
        return this.failed(renewal, payment);
      case 'partially_paid':
      case 'completed':
      case 'partially_refunded':
      case 'refunded':
      case 'disputed':
        return this.save(renewal, { paymentId: payment.id, state: 'done', tryAt: null });
    }
  }

  /** A payer who was asked and did not come is not charged again behind their back. */
  private async failed(renewal: PaymentRenewal, { detail }: Payment): Promise<PaymentRenewal> {
    const isLast = renewal.tries >= MOST_TRIES || renewal.state === 'requires_action';
    if (isLast) return this.giveUp(renewal, detail ?? 'failed');
    return this.save(renewal, { paymentId: null, state: 'open', detail });
  }

  private giveUp(renewal: PaymentRenewal, detail: string): Promise<PaymentRenewal> {
    this.alerts.raise('renewal_stopped', { user: renewal.userId, renewal: renewal.renewKey, detail });
    return this.save(renewal, { state: 'failed', detail, tryAt: null });
  }

  private async save(renewal: PaymentRenewal, changes: Partial<PaymentRenewal>): Promise<PaymentRenewal> {
    const updated = { ...changes, updatedAt: this.clock.now() };
    await this.renewals.change(renewal.id, updated);
    return { ...renewal, ...updated };
  }
}
