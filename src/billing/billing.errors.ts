import { DomainError, type FieldError } from '../common/domain-error.js';

const invalidInput = (...errors: FieldError[]): DomainError =>
  new DomainError('invalid_input', 422, `Not accepted: ${errors.map(({ field }) => field).join(', ')}.`, {
    errors,
  });

/** 422: the amount is malformed, zero, too fine or too large. */
export const invalidAmount = (message: string): DomainError => invalidInput({ field: 'amount', message });

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
