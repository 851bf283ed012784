import { isLosslessNumber, parse } from 'lossless-json';
import { MoneyInput } from '../../../common/money-input.js';
import { centsFromMicro, usdText } from '../../payments/amount.js';
import type { Payment } from '../../payments/payment.entity.js';

/**
 * AfterDark's wire, as far as it is known: there is no public contract, so whatever comes from there is checked field
 * by field and the rest is ignored. Amounts are read as they were written.
 */

/** What is used of an answer or a call-back. */
export interface AfterDarkTransaction {
  transactionId: string;
  /** Our payment's id. */
  reference?: string;
  status?: string;
  /** Undefined: none was named; NaN: one that is no amount of dollars. */
  amountMicro?: number;
  currency?: string;
}

export type AfterDarkStatus = 'paid' | 'pending' | 'failed' | 'canceled' | 'unknown';

const TRANSACTION_ID = /^\w[\w.:~-]{0,199}$/;
const CURRENCY = /^[A-Za-z]{3}$/;
const STATUSES: ReadonlyMap<string, AfterDarkStatus> = new Map([
  ['succeeded', 'paid'],
  ['completed', 'paid'],
  ['paid', 'paid'],
  ['pending', 'pending'],
  ['processing', 'pending'],
  ['failed', 'failed'],
  ['declined', 'failed'],
  ['canceled', 'canceled'],
  ['cancelled', 'canceled'],
]);

/** A status that is not named is `pending`. */
export function readStatus(status: string | undefined): AfterDarkStatus {
  return status === undefined ? 'pending' : (STATUSES.get(status.toLowerCase()) ?? 'unknown');
}

/** Undefined for anything that is no JSON object with a transaction id. */
export function readTransaction(text: string): AfterDarkTransaction | undefined {
  const body = parseObject(text);
  const transactionId = textOf(body?.transaction_id);
  if (!body || transactionId === undefined || !TRANSACTION_ID.test(transactionId)) return undefined;
  const currency = textOf(body.currency);
  return {
    transactionId,
    reference: textOf(body.reference),
    status: textOf(body.status),
    amountMicro: amountOf(body),
    currency:
      currency === undefined ? undefined : CURRENCY.test(currency) ? currency.toUpperCase() : 'invalid',
  };
}

/** The order, as AfterDark gets it. The key stands in the body too, in case headers are ignored. No card, ever. */
export function checkoutBody(payment: Payment, amountFormat: 'number' | 'string'): string {
  const text = usdText(payment.amountMicro);
  const { returnUrl, token } = payment.instructions;
  return JSON.stringify({
    amount: amountFormat === 'number' ? Number(text) : text,
    amount_minor: centsFromMicro(payment.amountMicro),
    currency: payment.currency,
    reference: payment.id,
    idempotency_key: keyOf(payment),
    return_url: returnUrl,
    payment_method: { type: 'card', token },
  });
}

export function keyOf({ id }: Payment): string {
  return `pay:${id}`;
}

function amountOf(body: Readonly<Record<string, unknown>>): number | undefined {
  const isNamed = body.amount !== undefined && body.amount !== null;
  return isNamed ? (new MoneyInput(body, undefined).usd('amount') ?? Number.NaN) : undefined;
}

function textOf(value: unknown): string | undefined {
  if (isLosslessNumber(value)) return value.value;
  return typeof value === 'string' ? value : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
