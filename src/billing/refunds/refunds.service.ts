import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import { creditsFromMicro } from '../../common/money.js';
import { notRefundable, paymentNotFound, refundNotSupported } from '../billing.errors.js';
import type { Payment } from '../payments/payment.entity.js';
import { PaymentRepository } from '../payments/payment.repository.js';
import type { RefundCapability } from '../processors/payment-processor.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import { RefundBook } from './refund-book.js';
import type { PaymentRefund } from './refund.entity.js';
import { RefundRepository } from './refund.repository.js';

const BATCH = 100;

export interface RefundOrder {
  paymentId: string;
  /** Default: all that is left. */
  amountMicro?: number;
  reason: string;
  actorId: string;
  /** Take the credits though they are spent. */
  isForced: boolean;
  requestKey?: string;
}

/** Refunds that administrators ask for. */
@Injectable()
export class RefundsService {
  private readonly logger = new Logger(RefundsService.name);

  constructor(
    private readonly payments: PaymentRepository,
    private readonly refunds: RefundRepository,
    private readonly book: RefundBook,
    private readonly processors: PaymentProcessors,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError 404 `payment_not_found`, 409 `not_refundable`, `credits_spent`, 422 `refund_not_supported` */
  async refund(order: RefundOrder): Promise<{ refund: PaymentRefund; payment: Payment }> {
    const payment = await this.payments.find(order.paymentId);
    if (!payment) throw paymentNotFound();
    const refund = await this.open(order, payment);
    await this.ask(refund, payment);
    const current = (await this.refunds.find(refund.id)) ?? refund;
    return { refund: current, payment: await this.payments.get(payment.id) };
  }

  /** Asks again about refunds whose end is not known. */
  async pollDue(signal: AbortSignal): Promise<void> {
    for (const refund of await this.refunds.due(this.clock.now(), BATCH)) {
      if (signal.aborted) return;
      await this.ask(refund, await this.payments.get(refund.paymentId));
    }
  }

  private async open(order: RefundOrder, payment: Payment): Promise<PaymentRefund> {
    const { reason, actorId, isForced, requestKey } = order;
    const earlier = requestKey && (await this.refunds.findByRequest(payment.id, requestKey));
    if (earlier) return earlier;
    this.capabilityOf(payment);
    const left = payment.creditedMicro - payment.refundedMicro;
    if (left === 0 || payment.isDisputed) throw notRefundable(0);
    const amountMicro = order.amountMicro ?? left;
    if (amountMicro > left) throw notRefundable(creditsFromMicro(left));
    const refund = this.rowOf(payment, { ...order, amountMicro });
    await this.book.open(refund, payment);
    this.logger.log({
      msg: 'refund',
      refund: refund.id,
      payment: payment.id,
      actorId,
      amountMicro,
      isForced,
      reason,
    });
    return refund;
  }

  /** The network, outside every transaction; the key is the refund's, so asking twice pays once. */
  private async ask(refund: PaymentRefund, payment: Payment): Promise<void> {
    if (refund.state !== 'pending') return;
    const { id: refundId, amountMicro } = refund;
    const outcome = await this.capabilityOf(payment).refund(payment, { refundId, amountMicro });
    await this.book.record(refund, outcome);
  }

  private capabilityOf(payment: Payment): RefundCapability {
    const { refunds } = this.processors.of(payment);
    if (!refunds) throw refundNotSupported(payment.provider);
    return refunds;
  }

  private rowOf(payment: Payment, order: RefundOrder & { amountMicro: number }): PaymentRefund {
    const now = this.clock.now();
    const { amountMicro, reason, actorId, isForced, requestKey = null } = order;
    const { id: paymentId, userId, provider } = payment;
    const fresh = { state: 'pending', detail: null, externalId: null, pollAt: now } as const;
    const what = { amountMicro, reason, actorId, isForced, requestKey };
    return {
      id: newOrderedId(),
      paymentId,
      userId,
      provider,
      ...what,
      ...fresh,
      createdAt: now,
      updatedAt: now,
    };
  }
}
