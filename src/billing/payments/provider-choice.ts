import { paymentConflict, providerRequired } from '../billing.errors.js';
import type { PaymentPreference } from '../cards/payment-preference.js';
import { PAYMENT_PROVIDER_NAMES, type PaymentProviderName } from './payment.entity.js';

/**
 * Who is to be paid: the body's word, else the header X-Billing, whatever their case.
 * @throws DomainError 422 `payment_conflict` when they differ, `invalid_input` when neither says it
 */
export function chooseProvider(
  fromBody: PaymentProviderName | undefined,
  header: string | string[] | undefined,
): PaymentProviderName {
  const fromHeader = header === undefined ? undefined : readHeader(header);
  if (fromBody && fromHeader && fromBody !== fromHeader) throw paymentConflict();
  const provider = fromBody ?? fromHeader;
  if (!provider) throw providerRequired(PAYMENT_PROVIDER_NAMES);
  return provider;
}

/** A card is not for crypto, nor a network for the others. @throws DomainError 422 `payment_conflict` */
export function requireFittingPreference(
  provider: PaymentProviderName,
  preference: PaymentPreference | undefined,
): void {
  if (preference && (preference.kind === 'crypto') !== (provider === 'crypto')) throw paymentConflict();
}

function readHeader(header: string | string[]): PaymentProviderName {
  const name = String(header).trim().toLowerCase();
  const known = PAYMENT_PROVIDER_NAMES.find((candidate) => candidate === name);
  if (!known) throw providerRequired(PAYMENT_PROVIDER_NAMES);
  return known;
}
