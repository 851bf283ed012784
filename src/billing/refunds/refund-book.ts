import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { isDomainError } from '../../common/domain-error.js';
import { creditsFromMicro } from '../../common/money.js';
import type { Posting } from '../../credits/ledger/poster.js';
import type { ClearingAccount } from '../../credits/ledger/transfer-codes.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { creditsSpent, notRefundable } from '../billing.errors.js';
import { clearingOf } from '../payments/clearing.js';
import { PaymentLedger } from '../payments/payment-ledger.js';
import { PaymentStanding } from '../payments/payment-standing.js';
import type { Payment } from '../payments/payment.entity.js';
import type { RefundOutcome } from '../processors/payment-processor.js';
import type { PaymentRefund } from './refund.entity.js';
import { RefundRepository } from './refund.repository.js';

const ASK_AGAIN_MS = 5 * 60_000;

/**
 * The books of refunds: credits go first, then the money; when the money does not go, the credits come back. Each step
 * is one transaction, and every amount belongs to one refund's id, never to a running total.
 */
@Injectable()
export class RefundBook {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly refunds: RefundRepository,
    private readonly standing: PaymentStanding,
    private readonly ledger: PaymentLedger,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes a refund down and takes its credits.
   * @returns false when the refund was there before
   * @throws DomainError 409 `not_refundable`, `credits_spent` (unless forced), 403 `account_frozen`
   */
  async open(refund: PaymentRefund, payment: Payment): Promise<boolean> {
    return this.unitOfWork.run(async (manager) => {
      if (!(await this.refunds.insertMissing(refund, manager))) return false;
      const { paymentId, amountMicro } = refund;
      const isLeft = await this.standing.refund(paymentId, amountMicro, this.clock.now(), manager);
      if (!isLeft) throw notRefundable(creditsFromMicro(payment.creditedMicro - payment.refundedMicro));
      await this.takeCredits(refund, manager);
      return true;
    });
  }

  /** Writes down what the processor has made of a refund. */
  async record(refund: PaymentRefund, outcome: RefundOutcome): Promise<void> {
    const updatedAt = this.clock.now();
    switch (outcome.state) {
      case 'failed':
        return this.fail(refund, outcome.externalId, outcome.detail);
      case 'succeeded': {
        const { state, externalId } = outcome;
        await this.refunds.change(refund.id, 'pending', { state, externalId, pollAt: null, updatedAt });
        return;
      }
      case 'pending':
      case 'unknown': {
        const externalId = outcome.state === 'pending' ? outcome.externalId : refund.externalId;
        const pollAt = updatedAt + ASK_AGAIN_MS;
        await this.refunds.change(refund.id, 'pending', { externalId, pollAt, updatedAt });
      }
    }
  }

  /** A refund may fail days after it seemed to have succeeded. */
  private fail(refund: PaymentRefund, externalId: string | undefined, detail: string): Promise<void> {
    const { id, userId, paymentId, amountMicro } = refund;
    const now = this.clock.now();
    const failed = { state: 'failed' as const, detail, pollAt: null, updatedAt: now };
    const changes = externalId === undefined ? failed : { ...failed, externalId };
    return this.unitOfWork.run(async (manager) => {
      const hasChanged =
        (await this.refunds.change(id, 'pending', changes, manager)) ||
        (await this.refunds.change(id, 'succeeded', changes, manager));
      if (!hasChanged) return;
      await this.standing.refund(paymentId, -amountMicro, now, manager);
      const idempotencyKey = `refund:${id}:reversal`;
      await this.ledger.post(
        { userId, amountMicro, code: 'refund_reversal', idempotencyKey, reference: paymentId },
        { clearing: clearingOf(refund), amountMicro },
        manager,
      );
    });
  }

  private async takeCredits(refund: PaymentRefund, manager: EntityManager): Promise<void> {
    const { id, userId, amountMicro, isForced, reason, actorId, paymentId } = refund;
    const posting = {
      userId,
      amountMicro: -amountMicro,
      code: isForced ? ('refund_clawback' as const) : ('refund' as const),
      idempotencyKey: `refund:${id}`,
      reference: paymentId,
      reason,
      actorId: actorId ?? undefined,
    };
    await this.post(posting, clearingOf(refund), manager);
    // The account is locked by now; the allowed overage is no money that was paid.
    const left = await this.ledger.unspentMicro(userId, manager);
    if (!isForced && left < 0) throw creditsSpent(creditsFromMicro(Math.max(0, left + amountMicro)));
  }

  private async post(
    posting: Posting & { reference: string },
    clearing: ClearingAccount,
    manager: EntityManager,
  ): Promise<void> {
    try {
      await this.ledger.post(posting, { clearing, amountMicro: posting.amountMicro }, manager);
    } catch (error) {
      if (!isDomainError(error, 'insufficient_credits')) throw error;
      const unspent = await this.ledger.unspentMicro(posting.userId, manager);
      throw creditsSpent(creditsFromMicro(Math.max(0, unspent)));
    }
  }
}
