import type { ProcessorOutcome } from '../payment-processor.js';
import { readStatus, type AfterDarkTransaction } from './afterdark.wire.js';

const NO_AMOUNT = -1;

/**
 * What a transaction of AfterDark's means for a payment. A paid one without amount, currency or with another reference
 * is evidence of nothing: it will not match.
 */
export function outcomeOf(payment: { id: string }, transaction: AfterDarkTransaction): ProcessorOutcome {
  const { transactionId: externalId, amountMicro = NO_AMOUNT, currency = '', reference } = transaction;
  switch (readStatus(transaction.status)) {
    case 'paid': {
      const paymentId = reference ?? payment.id;
      const postingKey = `afterdark:${externalId}`;
      return { state: 'paid', evidence: { externalId, paymentId, amountMicro, currency, postingKey } };
    }
    case 'failed':
      return { state: 'failed', externalId, detail: 'declined' };
    case 'canceled':
      return { state: 'canceled', externalId };
    case 'pending':
      return { state: 'pending', externalId };
    case 'unknown':
      return { state: 'pending', externalId, detail: 'unknown_provider_status' };
  }
}
