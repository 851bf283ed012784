/** 1 credit = 1 USD = 1,000,000 micro-credits. Amounts inside are integers of micro-credits, never floats. */
export const MICRO = 1_000_000;

const DECIMAL = /^(-?)(\d{1,10})(?:\.(\d{1,6}))?$/;

/**
 * Reads a decimal amount of credits without going through a float: at most 6 decimals, no exponent.
 * @throws RangeError when the text is not such a number
 */
export function microFromCredits(amount: string | number): number {
  const match = DECIMAL.exec(String(amount));
  if (!match) throw new RangeError('not an amount of credits: at most 6 decimals, no exponent');
  const [, sign, whole, fraction = ''] = match;
  const micro = Number(whole) * MICRO + Number(fraction.padEnd(6, '0'));
  if (!Number.isSafeInteger(micro)) throw new RangeError('amount of credits out of range');
  return sign && micro !== 0 ? -micro : micro;
}

/** The number a caller sees: exact for every amount below 2^53 micro-credits, at most 6 decimals. */
export function creditsFromMicro(micro: number): number {
  return Number(formatCredits(micro));
}

/** Text with exactly 6 decimals, for statements and command lines. */
export function formatCredits(micro: number): string {
  const absolute = Math.abs(micro);
  const whole = Math.floor(absolute / MICRO);
  const fraction = String(absolute % MICRO).padStart(6, '0');
  return `${micro < 0 ? '-' : ''}${whole}.${fraction}`;
}

/** A farm's price in dollars per hour, rounded up to the next micro-credit so that we never charge less than we pay. */
export function microFromDollars(dollars: number): number {
  if (!Number.isFinite(dollars) || dollars < 0) throw new RangeError('not a price');
  return Math.ceil(Number((dollars * MICRO).toFixed(3)));
}
