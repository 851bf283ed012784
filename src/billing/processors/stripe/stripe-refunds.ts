import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { centsFromMicro } from '../../payments/amount.js';
import type { Payment } from '../../payments/payment.entity.js';
import type { RefundCapability, RefundOutcome, RefundRequest } from '../payment-processor.js';
import { StripeClient } from './stripe.client.js';
import { outcomeOfError } from './stripe.errors.js';

/** Money back to the card that paid. */
@Injectable()
export class StripeRefunds implements RefundCapability {
  constructor(private readonly client: StripeClient) {}

  async refund(payment: Payment, { refundId, amountMicro }: RefundRequest): Promise<RefundOutcome> {
    if (payment.externalId === null) return { state: 'failed', detail: 'payment_unknown_at_provider' };
    try {
      const refund = await this.client.api.refunds.create(
        {
          payment_intent: payment.externalId,
          amount: centsFromMicro(amountMicro),
          metadata: { refund_id: refundId, payment_id: payment.id },
        },
        { idempotencyKey: `refund:${refundId}` },
      );
      return outcomeOfRefund(refund);
    } catch (error) {
      const outcome = outcomeOfError(error, true);
      if (outcome.state === 'unknown') return { state: 'unknown' };
      return { state: 'failed', detail: 'detail' in outcome ? (outcome.detail ?? 'refused') : 'refused' };
    }
  }
}

export function outcomeOfRefund(refund: Stripe.Refund): RefundOutcome {
  const { id: externalId } = refund;
  const state = refundState(refund);
  if (state === 'failed') return { state, externalId, detail: refund.failure_reason ?? 'failed' };
  return { state, externalId };
}

/** `requires_action` waits for the payer; `canceled` is a refund that was taken back. */
export function refundState({ status }: Stripe.Refund): 'succeeded' | 'pending' | 'failed' {
  if (status === 'succeeded') return 'succeeded';
  return status === 'failed' || status === 'canceled' ? 'failed' : 'pending';
}
