import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import type { ClearingAccount } from '../../credits/ledger/transfer-codes.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { PaymentEvidence } from '../processors/payment-processor.js';
import { clearingOf } from './clearing.js';
import { PaymentLedger } from './payment-ledger.js';
import { UNPAID_STATUSES } from './payment-status.js';
import type { Payment } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

/** A part of what a payment brings, for processors whose payments may arrive in parts. */
export interface PaymentPart {
  paymentId: string;
  amountMicro: number;
  /** Unique for this part, e.g. `crypto:{chain}:{tx}:{log}`. */
  postingKey: string;
  /** The account that the money came over, e.g. `clearing:crypto:1:USDC`. */
  clearing: ClearingAccount;
  /** What the payment is with this part. A payment that is settled already stays so and takes the detail only. */
  status: 'partially_paid' | 'completed';
  detail?: string;
}

/**
 * The only place where a payment becomes paid. Status and posting are one transaction, and the posting's key is the
 * same on every way the news may come; so the same money may be reported twice, late and in any order.
 */
@Injectable()
export class PaymentSettlement {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly payments: PaymentRepository,
    private readonly ledger: PaymentLedger,
    private readonly clock: Clock,
  ) {}

  /**
   * Credits the whole payment on evidence that was compared with it.
   * @returns false when it had been credited before
   */
  complete({ id, amountMicro }: Payment, evidence: PaymentEvidence, detail?: string): Promise<boolean> {
    const { externalId, postingKey } = evidence;
    return this.unitOfWork.run(async (manager) => {
      const completed = {
        ...this.closing('completed'),
        detail: detail ?? null,
        externalId,
        creditedMicro: amountMicro,
      };
      if (!(await this.payments.change(id, UNPAID_STATUSES, completed, manager))) return false;
      const payment = await this.payments.get(id, manager);
      await this.post(payment, { amountMicro, postingKey, clearing: clearingOf(payment) }, manager);
      return true;
    });
  }

  /**
   * Credits a part of a payment inside the caller's transaction. The caller has just claimed the part with a
   * conditional update of its own, so that it cannot be told twice.
   */
  async creditPart(part: PaymentPart, manager: EntityManager): Promise<void> {
    const { paymentId, amountMicro, status, detail = null } = part;
    await this.payments.addCredited(paymentId, amountMicro, this.clock.now(), manager);
    const changes = status === 'completed' ? this.closing(status) : { status };
    const isUnpaid = await this.payments.change(paymentId, UNPAID_STATUSES, { ...changes, detail }, manager);
    const payment = await this.payments.get(paymentId, manager);
    if (!isUnpaid && detail !== null)
      await this.payments.change(paymentId, [payment.status], { detail }, manager);
    await this.post(payment, part, manager);
  }

  private closing(status: 'completed'): Partial<Payment> {
    const now = this.clock.now();
    return { status, sealedNextAction: null, pollAt: null, updatedAt: now, completedAt: now };
  }

  private async post(
    { id, userId, purpose }: Payment,
    { amountMicro, postingKey, clearing }: Pick<PaymentPart, 'amountMicro' | 'postingKey' | 'clearing'>,
    manager: EntityManager,
  ): Promise<void> {
    const posted = await this.ledger.post(
      { userId, amountMicro, code: purpose, idempotencyKey: postingKey, reference: id },
      { clearing, amountMicro },
      manager,
    );
    // The row said that this was not credited yet and the ledger says that it was: roll back, a person must look.
    if (posted.isReplay) throw new Error(`${postingKey} was posted before payment ${id} was settled`);
  }
}
