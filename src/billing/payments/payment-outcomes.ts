import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import type { PaymentEvidence, ProcessorOutcome } from '../processors/payment-processor.js';
import { NextActionBox } from './next-action-box.js';
import { PaymentAlerts } from './payment-alerts.js';
import { PaymentSettlement } from './payment-settlement.js';
import { MAY_BECOME } from './payment-status.js';
import type { Payment } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

type UnpaidOutcome = Exclude<ProcessorOutcome, { state: 'paid' | 'unknown' }>;

/** Writes down what a processor says of a payment, as far as the payment's state allows it. */
@Injectable()
export class PaymentOutcomes {
  constructor(
    private readonly settlement: PaymentSettlement,
    private readonly payments: PaymentRepository,
    private readonly nextActions: NextActionBox,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {}

  /** @returns whether the payment changed; stale news, repeated news and no news change nothing */
  async apply(payment: Payment, outcome: ProcessorOutcome): Promise<boolean> {
    switch (outcome.state) {
      case 'unknown':
        return false;
      case 'paid':
        return this.applyPaid(payment, outcome.evidence, outcome.detail);
      case 'pending':
      case 'requires_action':
      case 'failed':
      case 'canceled':
      case 'expired':
        return this.applyUnpaid(payment, outcome);
    }
  }

  private async applyPaid(payment: Payment, evidence: PaymentEvidence, detail?: string): Promise<boolean> {
    const { externalId, amountMicro, currency } = evidence;
    if (!matches(payment, evidence)) {
      this.alerts.raise('evidence_mismatch', { payment: payment.id, externalId, amountMicro, currency });
      return false;
    }
    return this.refusingDuplicates(payment, externalId, () =>
      this.settlement.complete(payment, evidence, detail),
    );
  }

  private applyUnpaid(payment: Payment, outcome: UnpaidOutcome): Promise<boolean> {
    const { state, externalId, detail = null } = outcome;
    // What another transaction of the processor's says is no news of this payment.
    if (externalId !== undefined && isForeign(payment, externalId)) return Promise.resolve(false);
    const isOpen = state === 'pending' || state === 'requires_action';
    const nextAction = 'nextAction' in outcome ? outcome.nextAction : undefined;
    return this.refusingDuplicates(payment, externalId, () =>
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
  private async refusingDuplicates(
    payment: Payment,
    externalId: string | undefined,
    write: () => Promise<boolean>,
  ): Promise<boolean> {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error, 'payments', ['provider', 'external_id'])) throw error;
      this.alerts.raise('duplicate_transaction', { payment: payment.id, externalId });
      const refused = { status: 'failed', detail: 'duplicate_transaction' } as const;
      const closed = { sealedNextAction: null, pollAt: null, updatedAt: this.clock.now() };
      return this.payments.change(payment.id, MAY_BECOME.failed, { ...refused, ...closed });
    }
  }
}

function matches(payment: Payment, evidence: PaymentEvidence): boolean {
  return (
    evidence.paymentId === payment.id &&
    evidence.amountMicro === payment.amountMicro &&
    evidence.currency === payment.currency &&
    (evidence.replacesId === true || !isForeign(payment, evidence.externalId))
  );
}

function isForeign(payment: Payment, externalId: string): boolean {
  return payment.externalId !== null && payment.externalId !== externalId;
}
