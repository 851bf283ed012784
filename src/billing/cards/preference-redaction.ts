import { digitsOfCard, holdsCardDigits } from './card-number.js';
import { REDACTED_CARD } from './payment-preference.js';
import { TEST_CARDS } from './test-cards.js';

/** What may pass as it is: tokens, `saved`, `checkout`, and networks with a wallet. */
const HARMLESS =
  /^(?:card:(?:(?:pm|tok)_\w{1,128}|saved|checkout)|crypto:[\w.-]{1,32}(?::[\x21-\x7e]{0,128})?)$/;
/** Long hexadecimal addresses hold Luhn-valid runs by chance. */
const HEX_WALLET = /:0x[0-9a-f]{40}$/i;
const UNREADABLE = 'unreadable';

/**
 * What the rest of the program sees of X-Preferred-Payment: tokens as they are, a published test number as its payment
 * method (with a test key), any card number as `card:redacted`, and anything else as `unreadable`, because it may be a
 * mistyped card.
 */
export function redactPreference(value: string, acceptsTestCards: boolean): string {
  const text = value.trim();
  const testCard = acceptsTestCards ? TEST_CARDS.get(digitsOfCard(text) ?? '') : undefined;
  if (testCard !== undefined) return `card:${testCard}`;
  if (holdsCardDigits(text.replace(HEX_WALLET, ''))) return REDACTED_CARD;
  return HARMLESS.test(text) || text === REDACTED_CARD ? text : UNREADABLE;
}
