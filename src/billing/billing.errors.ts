import { DomainError, type FieldError } from '../common/domain-error.js';

const invalidInput = (...errors: FieldError[]): DomainError =>
  new DomainError('invalid_input', 422, `Not accepted: ${errors.map(({ field }) => field).join(', ')}.`, {
    errors,
  });

/** 422: the amount is malformed, zero, too fine or too large. */
export const invalidAmount = (message: string): DomainError => invalidInput({ field: 'amount', message });

/** 422: the processor takes no less than `least` USD. */
export const amountTooSmall = (least: string): DomainError =>
  invalidAmount(`amount must be at least ${least} USD with this provider`);

/** 422: `card:saved` without a saved card. */
export const noSavedMethod = (): DomainError =>
  new DomainError(
    'no_saved_method',
    422,
    'There is no saved card. Pay once with "save": true, or save one first.',
  );

/** 422: a hosted page has to send the payer somewhere afterwards. */
export const returnUrlRequired = (): DomainError =>
  invalidInput({ field: 'return_url', message: 'return_url is needed for card:checkout' });

/** 422: neither the body nor X-Billing says who is to be paid. */
export const providerRequired = (known: readonly string[]): DomainError =>
  invalidInput({
    field: 'provider',
    message: `provider (or the header X-Billing) must be one of: ${known.join(', ')}`,
  });

/** 422: body, X-Billing and X-Preferred-Payment mean different processors. */
export const paymentConflict = (): DomainError =>
  new DomainError(
    'payment_conflict',
    422,
    'provider, X-Billing and X-Preferred-Payment do not mean the same processor.',
  );

export const unsupportedCurrency = (): DomainError =>
  new DomainError('unsupported_currency', 422, 'Payments are in USD only.');

/** 501: the operator has not set this processor up. */
export const providerNotConfigured = (name: string): DomainError =>
  new DomainError('provider_not_configured', 501, `Payments through ${name} are not set up on this server.`);

/** 503: the processor fails at the moment. */
export const paymentProviderUnavailable = (retryAfterSeconds: number): DomainError =>
  new DomainError(
    'payment_provider_unavailable',
    503,
    'The payment processor does not answer at the moment.',
    {
      headers: { 'retry-after': String(retryAfterSeconds) },
    },
  );

/** 400: the header is neither `card:…` nor `crypto:network[:wallet]`. Never repeats what it held. */
export const invalidPaymentPreference = (): DomainError =>
  new DomainError(
    'invalid_payment_preference',
    400,
    'X-Preferred-Payment must be card:pm_…, card:tok_…, card:saved, card:checkout or crypto:network[:wallet].',
  );

/** 422: a card number was sent. Never repeats a digit of it. */
export const rawCardNotAccepted = (): DomainError =>
  new DomainError(
    'raw_card_not_accepted',
    422,
    'Card numbers are not accepted here. Send a token (card:pm_… or card:tok_…), card:saved or card:checkout.',
  );

export const paymentNotFound = (): DomainError =>
  new DomainError('payment_not_found', 404, 'There is no such payment.');

/** 422: the processor does not know the method, or it was declined. */
export const invalidPaymentMethod = (): DomainError =>
  new DomainError('invalid_payment_method', 422, 'This payment method cannot be used.');

export const paymentMethodNotFound = (): DomainError =>
  new DomainError('payment_method_not_found', 404, 'There is no such saved payment method.');

/** 422: the processor keeps no methods. */
export const savingNotSupported = (name: string): DomainError =>
  new DomainError('saving_not_supported', 422, `Payment methods cannot be saved with ${name}.`);

/** 422: the processor cannot give money back. */
export const refundNotSupported = (name: string): DomainError =>
  new DomainError('refund_not_supported', 422, `Payments through ${name} cannot be refunded from here.`);

/** 409: not paid, refunded already, or not so much left. */
export const notRefundable = (refundable: number): DomainError =>
  new DomainError('not_refundable', 409, `At most ${refundable} of this payment can be refunded.`, {
    data: { refundable },
  });

/** 409: the credits that were bought are spent. */
export const creditsSpent = (available: number): DomainError =>
  new DomainError(
    'credits_spent',
    409,
    `Only ${available} credits are unspent; send "force": true to refund more.`,
    { data: { available } },
  );

/** 400: not a call-back of the processor's. Says no more, so that nobody can find out why. */
export const callbackRefused = (): DomainError => new DomainError('invalid_callback', 400, '');

/** 413: no call-back is that large. */
export const callbackTooLarge = (): DomainError =>
  new DomainError('payload_too_large', 413, 'The request body is too large.');

/** 429: this address has sent too many call-backs that were none. */
export const tooManyRefusals = (retryAfterSeconds: number): DomainError =>
  new DomainError('rate_limited', 429, 'Too many refused requests.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
  });

export const unknownProvider = (): DomainError =>
  new DomainError('not_found', 404, 'There is nothing at this address.');
