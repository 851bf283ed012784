import type Stripe from 'stripe';
import { microFromCents } from '../../payments/amount.js';
import type {
  NextAction,
  PaymentEvidence,
  ProcessorOutcome,
  SavedMethodDetails,
} from '../payment-processor.js';

/** What Stripe's objects mean for a payment. Pure. */

const LONGEST_DETAIL = 64;

/**
 * How a PaymentIntent stands.
 * @param isServerConfirmed we confirmed it with a given method: when that was refused there is nobody to try another
 */
export function outcomeOfIntent(intent: Stripe.PaymentIntent, isServerConfirmed: boolean): ProcessorOutcome {
  const externalId = intent.id;
  switch (intent.status) {
    case 'succeeded':
      return { state: 'paid', evidence: evidenceOf(intent) };
    case 'canceled':
      return { state: 'canceled', externalId, detail: detailOf(intent.cancellation_reason) };
    case 'requires_action':
    case 'requires_confirmation':
      return { state: 'requires_action', externalId, nextAction: nextActionOf(intent) };
    case 'requires_payment_method':
      return outcomeWithoutMethod(intent, isServerConfirmed);
    default:
      // `processing`, `requires_capture` and whatever a later version adds: no money yet.
      return { state: 'pending', externalId };
  }
}

function outcomeWithoutMethod(intent: Stripe.PaymentIntent, isServerConfirmed: boolean): ProcessorOutcome {
  const externalId = intent.id;
  const detail = refusalOf(intent.last_payment_error);
  const isUpToPayer = !isServerConfirmed || detail === 'authentication_required';
  if (!isUpToPayer && detail !== undefined) return { state: 'failed', externalId, detail };
  return { state: 'requires_action', externalId, nextAction: nextActionOf(intent), detail };
}

/** The money that a succeeded intent has brought. */
export function evidenceOf(intent: Stripe.PaymentIntent): PaymentEvidence {
  return {
    externalId: intent.id,
    paymentId: intent.metadata.payment_id ?? '',
    amountMicro: microFromCents(intent.amount_received),
    currency: intent.currency.toUpperCase(),
    postingKey: `stripe:pi:${intent.id}`,
    replacesId: intent.metadata.source === 'checkout',
    savedMethod: intent.setup_future_usage ? savedMethodOf(intent.payment_method) : undefined,
  };
}

/** What is kept of a card; undefined for what is no card or was not expanded. */
export function savedMethodOf(
  method: string | Stripe.PaymentMethod | null | undefined,
): SavedMethodDetails | undefined {
  if (!method || typeof method === 'string' || !method.card) return undefined;
  const { brand, last4, exp_month: expMonth, exp_year: expYear } = method.card;
  return { externalId: method.id, brand, last4, expMonth, expYear };
}

/** How a Checkout session stands that has no payment yet. */
export function outcomeOfSession(session: Stripe.Checkout.Session): ProcessorOutcome {
  const { id: externalId, status, url } = session;
  if (status === 'expired') return { state: 'expired', externalId };
  if (status === 'open' && url)
    return { state: 'requires_action', externalId, nextAction: { type: 'redirect', url } };
  return { state: 'pending', externalId };
}

function nextActionOf({ next_action, client_secret }: Stripe.PaymentIntent): NextAction {
  const url = next_action?.redirect_to_url?.url;
  return url ? { type: 'redirect', url } : { type: 'confirm', client_secret: client_secret ?? '' };
}

/** Why the issuer or Stripe refused: the most exact of Stripe's stable words. */
export function refusalOf(
  error: { code?: string; decline_code?: string; type?: string } | null | undefined,
): string | undefined {
  if (!error) return undefined;
  const isGeneric = error.decline_code === undefined || error.decline_code === 'generic_decline';
  return detailOf((isGeneric ? error.code : error.decline_code) ?? error.type);
}

function detailOf(word: string | null | undefined): string | undefined {
  return word && /^\w+$/.test(word) ? word.slice(0, LONGEST_DETAIL) : undefined;
}
