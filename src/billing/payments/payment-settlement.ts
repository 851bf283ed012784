import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import type { PlatformAccount } from '../../credits/ledger/transfer-codes.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { PaymentEvidence, ProcessorOutcome } from '../processors/payment-processor.js';
import { NextActionBox } from './next-action-box.js';
import { PaymentAlerts } from './payment-alerts.js';
import { PaymentLedger } from './payment-ledger.js';
import { MAY_BECOME, UNPAID_STATUSES } from './payment-status.js';
import type { Payment } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

/** A part of what a payment brings, for processors whose payments may arrive in parts. */
export interface PaymentPart {
  paymentId: string;
  amountMicro: number;
  /** Unique for this part, e.g. `crypto:{chain}:{tx}:{log}`. */
  postingKey: string;
  /** The account that the money came over, e.g. `clearing:crypto:1:USDC`. */
  counterAccount: PlatformAccount;
  /** What the payment is with this part. A payment that is settled already stays so and takes the detail only. */
  status: 'partially_paid' | 'completed';
  detail?: string;
}

/**
 * Writes down what processors say: the only place where a payment becomes paid. Status and posting are one
 * transaction, the posting's key is the same on every way the news may come, and every change names the statuses that
 * it may replace; so news may come twice, late and in any order.
 */
@Injectable()
export class PaymentSettlement {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly payments: PaymentRepository,
    private readonly ledger: PaymentLedger,
    private readonly nextActions: NextActionBox,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {}

  /** @returns whether the payment's row changed */
  async apply(payment: Payment, outcome: ProcessorOutcome): Promise<boolean> {
    switch (outcome.state) {
      case 'paid':
        return this.applyPaid(payment, outcome.evidence, outcome.detail);
      case 'unknown':
        return false;
      case 'pending':
      case 'requires_action':
      case 'failed':
      case 'canceled':
      case 'expired':
        return this.applyUnpaid(payment, outcome);
    }
  }

  /**
   * Credits a part of a payment inside the caller's transaction. The caller has just claimed the part with a
   * conditional update of its own, so that it cannot be told twice.
   */
  async creditPart(part: PaymentPart, manager: EntityManager): Promise<void> {
    const { paymentId, amountMicro, status, detail = null } = part;
    const now = this.clock.now();
    await this.payments.addCredited(paymentId, amountMicro, now, manager);
    const closed = { completedAt: now, sealedNextAction: null, pollAt: null };
    const changes = { status, detail, ...(status === 'completed' ? closed : {}) };
    const isFirst = await this.payments.change(paymentId, UNPAID_STATUSES, changes, manager);
    const payment = await this.payments.get(paymentId, manager);
    if (!isFirst && detail !== null)
      await this.payments.change(paymentId, [payment.status], { detail }, manager);
    await this.post(payment, part, manager);
  }

  private async applyPaid(payment: Payment, evidence: PaymentEvidence, detail?: string): Promise<boolean> {
    if (!matches(payment, evidence)) {
      const { externalId, amountMicro, currency } = evidence;
      this.alerts.raise('evidence_mismatch', { payment: payment.id, externalId, amountMicro, currency });
      return false;
    }
    return this.refuseDuplicate(payment, evidence.externalId, () =>
      this.unitOfWork.run((manager) => this.complete(payment, evidence, detail, manager)),
    );
  }

  private async complete(
    { id, amountMicro, provider }: Payment,
    { externalId, postingKey }: PaymentEvidence,
    detail: string | undefined,
    manager: EntityManager,
  ): Promise<boolean> {
    const now = this.clock.now();
    const isOurs = await this.payments.change(
      id,
      UNPAID_STATUSES,
      {
        status: 'completed',
        detail: detail ?? null,
        externalId,
        creditedMicro: amountMicro,
        sealedNextAction: null,
        pollAt: null,
        updatedAt: now,
        completedAt: now,
      },
      manager,
    );
    if (!isOurs) return false;
    const payment = await this.payments.get(id, manager);
    await this.post(payment, { amountMicro, postingKey, counterAccount: `clearing:${provider}` }, manager);
    return true;
  }

  private async post(
    { id, userId, purpose }: Payment,
    {
      amountMicro,
      postingKey,
      counterAccount,
    }: Pick<PaymentPart, 'amountMicro' | 'postingKey' | 'counterAccount'>,
    manager: EntityManager,
  ): Promise<void> {
    const posted = await this.ledger.post(
      { userId, amountMicro, code: purpose, idempotencyKey: postingKey, counterAccount, reference: id },
      manager,
    );
    // The row said that this was not credited yet and the ledger says that it was: roll back, a person must look.
    if (posted.isReplay) throw new Error(`${postingKey} was posted before payment ${id} was settled`);
  }

  private applyUnpaid(
    payment: Payment,
    outcome: Exclude<ProcessorOutcome, { state: 'paid' | 'unknown' }>,
  ): Promise<boolean> {
    const { state, externalId, detail = null } = outcome;
    const nextAction = 'nextAction' in outcome ? outcome.nextAction : undefined;
    const isOpen = state === 'pending' || state === 'requires_action';
    return this.refuseDuplicate(payment, externalId, () =>
      this.payments.change(payment.id, MAY_BECOME[state], {
        status: state,
        detail,
        ...(externalId === undefined ? {} : { externalId }),
        sealedNextAction: this.nextActions.seal(payment.id, nextAction),
        ...(isOpen ? {} : { pollAt: null }),
        updatedAt: this.clock.now(),
      }),
    );
  }

  /** The second payment that claims a processor's transaction is refused. */
  private async refuseDuplicate(
    payment: Payment,
    externalId: string | undefined,
    write: () => Promise<boolean>,
  ): Promise<boolean> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'payments', ['provider', 'external_id'])) throw error;
      this.alerts.raise('duplicate_transaction', { payment: payment.id, externalId });
      const changes = { status: 'failed', detail: 'duplicate_transaction', sealedNextAction: null } as const;
      return this.payments.change(payment.id, MAY_BECOME.failed, { ...changes, pollAt: null });
    }
  }
}

function matches(payment: Payment, evidence: PaymentEvidence): boolean {
  return (
    evidence.paymentId === payment.id &&
    evidence.amountMicro === payment.amountMicro &&
    evidence.currency === payment.currency
  );
}
