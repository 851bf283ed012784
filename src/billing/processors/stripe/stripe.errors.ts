import { Logger } from '@nestjs/common';
import Stripe from 'stripe';
import type { ProcessorOutcome } from '../payment-processor.js';
import { outcomeOfIntent, refusalOf } from './stripe.mapping.js';

const logger = new Logger('StripeProcessor');

/** Never reached Stripe's logic, or Stripe cannot say: the payment may or may not exist. */
function isUndecided(error: Stripe.errors.StripeError): boolean {
  return (
    error instanceof Stripe.errors.StripeConnectionError ||
    error instanceof Stripe.errors.StripeAPIError ||
    error instanceof Stripe.errors.StripeRateLimitError ||
    error instanceof Stripe.errors.StripeIdempotencyError ||
    error.statusCode === 409
  );
}

/**
 * What an error of the SDK says of a payment. Stripe's own text goes to the log, never to a caller.
 * @throws whatever is no error of Stripe's
 */
export function outcomeOfError(error: unknown, isServerConfirmed: boolean): ProcessorOutcome {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const { type, code, statusCode, requestId, payment_intent: intent } = error;
  logger.warn({ msg: 'Stripe refused or failed', type, code, statusCode, stripe_request: requestId });
  if (isUndecided(error)) return { state: 'unknown' };
  if (intent) return outcomeOfIntent(intent, isServerConfirmed);
  if (error instanceof Stripe.errors.StripeCardError) return { state: 'failed', detail: refusalOf(error) };
  return { state: 'failed', detail: isAboutMethod(error) ? 'invalid_payment_method' : 'provider_refused' };
}

function isAboutMethod({ param }: Stripe.errors.StripeError): boolean {
  return param?.startsWith('payment_method') ?? false;
}
