import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import { DEFAULT_PAGE_SIZE, pageOf, type CursorQueryDto } from '../../common/cursor.js';
import { creditsFromMicro } from '../../common/money.js';
import type { Origin } from '../../common/origin.js';
import { idempotencyMismatch } from '../../credits/credits.errors.js';
import { paymentNotFound } from '../billing.errors.js';
import type { PaymentRequest, PaymentWarning } from '../processors/payment-processor.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import { PaymentFactory } from './payment-factory.js';
import { PaymentProgress } from './payment-progress.js';
import type { Payment, PaymentProviderName } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

export interface PaymentOrder extends PaymentRequest {
  provider: PaymentProviderName;
  /** The same key is the same payment, for ever: a request that died half-way is taken up where it was. */
  requestKey?: string;
}

export interface BegunPayment {
  payment: Payment;
  warnings: readonly PaymentWarning[];
}

/** Payments as callers know them: begin one, look at mine. */
@Injectable()
export class PaymentsService {
  constructor(
    private readonly processors: PaymentProcessors,
    private readonly factory: PaymentFactory,
    private readonly payments: PaymentRepository,
    private readonly progress: PaymentProgress,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Plan, write the row, ask the processor, write down what it said. What the processor says is an outcome, not an
   * error: a declined card is a payment with status `failed`.
   * @throws DomainError 501 `provider_not_configured`, 422 `idempotency_mismatch`, and what the processor's `plan` throws
   */
  async begin(order: PaymentOrder, origin?: Origin): Promise<BegunPayment> {
    const processor = this.processors.configured(order.provider);
    const plan = await processor.plan(order);
    const wanted = this.factory.make(processor, order, plan, order.requestKey);
    const standing = await this.payments.claim(wanted);
    if (!isSameOrder(standing, wanted)) throw idempotencyMismatch();
    const { warnings } = plan;
    if (standing.status !== 'created') return { payment: standing, warnings };
    if (standing.id === wanted.id) await this.recordBegin(standing, origin);
    const outcome = await processor.create(standing);
    return { payment: await this.progress.record(standing, outcome), warnings };
  }

  private recordBegin(
    { id, userId, provider, amountMicro, purpose }: Payment,
    origin?: Origin,
  ): Promise<void> {
    return this.audit.record({
      action: 'payment.begun',
      origin: origin ?? { actorKind: 'user', actorId: userId },
      target: `payment:${id}`,
      subjectId: userId,
      details: { provider, amount: creditsFromMicro(amountMicro), purpose },
    });
  }

  /** @throws DomainError 404 `payment_not_found`, also for another user's */
  async findOwn(userId: string, id: string): Promise<Payment> {
    const payment = await this.payments.findOwn(userId, id);
    if (!payment) throw paymentNotFound();
    return payment;
  }

  async listOwn(
    userId: string,
    { limit = DEFAULT_PAGE_SIZE, cursor }: CursorQueryDto,
  ): Promise<{ rows: Payment[]; nextCursor: string | null }> {
    return pageOf(await this.payments.page(userId, limit, cursor), limit);
  }
}

function isSameOrder(a: Payment, b: Payment): boolean {
  return a.provider === b.provider && a.amountMicro === b.amountMicro && a.purpose === b.purpose;
}
