import { isLosslessNumber, parse } from 'lossless-json';
import { DomainError } from '../../common/domain-error.js';
import { MICRO } from '../../common/money.js';
import { invalidAmount } from '../billing.errors.js';

const USD = /^(0|[1-9]\d{0,5})(?:\.(\d{1,2}))?$/;
const DECIMAL = /^\d+\.\d{3,}$/;
const USD_DECIMALS = 2;
const MICRO_PER_CENT = MICRO / 10 ** USD_DECIMALS;

/** Stripe takes at most eight digits of cents; no other way needs more. */
export const MOST_USD = 999_999.99;

/**
 * The amount of a request, read from the body's text and never through a float.
 * @returns micro-credits
 * @throws DomainError 422 `invalid_input` naming `amount`; 400 for a body in which a member stands twice
 */
export function readAmount(rawBody: string | undefined): number {
  const source = memberSource(rawBody ?? '', 'amount');
  const amountMicro = source === undefined ? undefined : microFromUsd(source);
  if (amountMicro === undefined) throw invalidAmount(whatIsWrong(source ?? ''));
  if (amountMicro === 0) throw invalidAmount('amount must be more than zero');
  return amountMicro;
}

/** The optional amount of a request. Errors as in `readAmount`. */
export function readOptionalAmount(rawBody: string | undefined): number | undefined {
  return memberSource(rawBody ?? '', 'amount') === undefined ? undefined : readAmount(rawBody);
}

/** Micro-credits of an amount of dollars with at most 2 decimals; undefined for anything else. */
export function microFromUsd(text: string): number | undefined {
  const [, dollars, cents = ''] = USD.exec(text) ?? [];
  if (dollars === undefined) return undefined;
  return Number(dollars) * MICRO + Number(cents.padEnd(USD_DECIMALS, '0')) * MICRO_PER_CENT;
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
  return `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(USD_DECIMALS, '0')}`;
}

/** A number as it is written, or the content of a string. */
export function memberSource(json: string, name: string): string | undefined {
  const body = parseObject(json);
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  if (isLosslessNumber(value)) return value.value;
  return typeof value === 'string' ? value : undefined;
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    return (parse(json) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    throw new DomainError('malformed_request', 400, 'The body is not a JSON object with each member once.');
  }
}

function whatIsWrong(source: string): string {
  if (DECIMAL.test(source)) return 'amount must have at most 2 decimals';
  if (/^\d{7,}(?:\.\d*)?$/.test(source)) return `amount must be at most ${MOST_USD}`;
  return `amount must be a positive number such as 50 or 19.99, at most ${MOST_USD}`;
}
