import { MICRO } from '../../common/money.js';
import { MoneyInput } from '../../common/money-input.js';
import { invalidAmount } from '../billing.errors.js';

const CENTS_PER_USD = 100;
const MICRO_PER_CENT = MICRO / CENTS_PER_USD;

/**
 * The amount of a request in micro-credits, read from the body's text and never through a float.
 * @throws DomainError 422 `invalid_input` naming `amount`; 400 for a body in which a member stands twice
 */
export function readAmount(body: object, rawBody: string | undefined): number {
  const amountMicro = readOptionalAmount(body, rawBody);
  if (amountMicro === undefined) throw invalidAmount('amount must be an amount such as 50 or 19.99');
  return amountMicro;
}

/** As `readAmount`; undefined when the body names none. */
export function readOptionalAmount(body: object, rawBody: string | undefined): number | undefined {
  const money = new MoneyInput(body, rawBody);
  const amountMicro = money.usd('amount');
  money.finish();
  if (amountMicro === 0) throw invalidAmount('amount must be more than zero');
  return amountMicro;
}

export function microFromCents(cents: number): number {
  return cents * MICRO_PER_CENT;
}

/** @throws RangeError for micro-credits that are no whole cents */
export function centsFromMicro(amountMicro: number): number {
  const cents = amountMicro / MICRO_PER_CENT;
  if (!Number.isSafeInteger(cents)) throw new RangeError(`not whole cents: ${amountMicro}`);
  return cents;
}

/** `50.00` */
export function usdText(amountMicro: number): string {
  const cents = centsFromMicro(amountMicro);
  return `${Math.trunc(cents / CENTS_PER_USD)}.${String(cents % CENTS_PER_USD).padStart(2, '0')}`;
}
