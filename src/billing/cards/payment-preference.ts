import { invalidPaymentPreference, rawCardNotAccepted } from '../billing.errors.js';

/** What the header `X-Preferred-Payment` asks for. A card is a token of the processor's, never a number. */
export type PaymentPreference =
  | { kind: 'card'; source: 'token'; token: string }
  | { kind: 'card'; source: 'saved' | 'checkout' }
  /** `wallet` is what the caller wrote: a hint for refunds, unchecked. */
  | { kind: 'crypto'; network: string; wallet?: string };

/** What the first hook leaves in the place of a card number. */
export const REDACTED_CARD = 'card:redacted';

const CARD_TOKEN = /^card:((?:pm|tok)_\w{1,128})$/;
const CRYPTO = /^crypto:([\w.-]{1,32})(?::([\x21-\x7e]{0,128}))?$/;

/**
 * Reads the header as the first hook has left it.
 * @throws DomainError 422 `raw_card_not_accepted` where a card number was, 400 `invalid_payment_preference` for
 *   anything that is not understood
 */
export function parsePaymentPreference(header: string | string[] | undefined): PaymentPreference | undefined {
  if (header === undefined) return undefined;
  if (Array.isArray(header)) throw invalidPaymentPreference();
  const text = header.trim();
  if (text.toLowerCase() === REDACTED_CARD) throw rawCardNotAccepted();
  const preference = readCard(text) ?? readCrypto(text);
  if (!preference) throw invalidPaymentPreference();
  return preference;
}

function readCard(text: string): PaymentPreference | undefined {
  if (text === 'card:saved') return { kind: 'card', source: 'saved' };
  if (text === 'card:checkout') return { kind: 'card', source: 'checkout' };
  const token = CARD_TOKEN.exec(text)?.[1];
  return token === undefined ? undefined : { kind: 'card', source: 'token', token };
}

function readCrypto(text: string): PaymentPreference | undefined {
  const [, network, wallet] = CRYPTO.exec(text) ?? [];
  if (network === undefined) return undefined;
  return { kind: 'crypto', network: network.toLowerCase(), wallet: wallet || undefined };
}
