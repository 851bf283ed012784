const NANO_PER_MICRO = 1000n;
const NANO_PER_DOLLAR = 1_000_000_000;
const SECONDS_PER_HOUR = 3600n;
/** A markup is read with four decimals of a percent. */
const PARTS_PER_PERCENT = 10_000;
const WHOLE = 1_000_000n;

/**
 * What an hour costs our customer: the farm's price in dollars plus the markup, in micro-credits, rounded up so that
 * we never charge less than we pay.
 * @throws RangeError for a price or a markup that is negative or not a number
 */
export function priceMicroPerHour(providerDollarsPerHour: number, markupPercent: number): number {
  const nanoDollars = BigInt(requireCount(providerDollarsPerHour * NANO_PER_DOLLAR, 'price'));
  const markup = BigInt(requireCount(markupPercent * PARTS_PER_PERCENT, 'markup'));
  return Number(divideUp(nanoDollars * (WHOLE + markup), WHOLE * NANO_PER_MICRO));
}

/** The farm's price in a price of ours, as good as it can be told from that. */
export function priceBeforeMarkup(pricePerHourMicro: number, markupPercent: number): number {
  const markup = BigInt(requireCount(markupPercent * PARTS_PER_PERCENT, 'markup'));
  return Number((BigInt(pricePerHourMicro) * WHOLE) / (WHOLE + markup));
}

/**
 * What `seconds` cost altogether, rounded up once. Charges in steps post the difference to what is already
 * charged, so every way to cut the time into steps adds up to the same.
 */
export function costOfSeconds(seconds: number, pricePerHourMicro: number): number {
  return Number(divideUp(BigInt(seconds) * BigInt(pricePerHourMicro), SECONDS_PER_HOUR));
}

/** What requests cost. */
export interface RequestPrice {
  requestPriceMicro: number;
  /** Nano-credits per token. */
  tokenPriceNano: number;
  /** Of its time; the same number is nano-credits per millisecond. */
  secondPriceMicro: number;
}

/**
 * What one request with so many tokens and so much time costs, rounded up once.
 * @throws RangeError when one of them is no number from zero on
 */
export function costOfRequest(price: RequestPrice, tokens: number, durationMs: number): number {
  const tokensNano = BigInt(requireCount(tokens, 'number of tokens')) * BigInt(price.tokenPriceNano);
  const timeNano = BigInt(requireCount(durationMs, 'duration')) * BigInt(price.secondPriceMicro);
  return price.requestPriceMicro + Number(divideUp(tokensNano + timeNano, NANO_PER_MICRO));
}

/** Whole seconds from one instant to another; a second begun counts, a span that runs backwards is empty. */
export function billableSeconds(fromMs: number, toMs: number): number {
  return Math.max(0, Math.ceil((toMs - fromMs) / 1000));
}

function requireCount(value: number, what: string): number {
  const count = Math.round(value);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new RangeError(`not a ${what}`);
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
