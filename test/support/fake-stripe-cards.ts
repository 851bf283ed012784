import { passesLuhn } from '../../src/billing/cards/card-number.js';

const ISSUERS = ['4', '51', '55', '2221', '2720', '34', '37', '6011', '65', '3528', '36', '62'];

/** Numbers that look like cards: a known beginning, 13 to 19 digits and a right check digit; the same every time. */
export function plantedCards(count: number, seed = 1): string[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index) => {
    const issuer = ISSUERS[index % ISSUERS.length];
    const length = 13 + (index % 7);
    let digits = issuer;
    while (digits.length < length - 1) digits += String(Math.floor(random() * 10));
    return digits + checkDigit(digits);
  });
}

/** As people write them: plain, in groups with spaces or with dashes. */
export function asWritten(number: string, index: number): string {
  const groups = number.match(/.{1,4}/g) ?? [];
  return [number, groups.join(' '), groups.join('-')][index % 3];
}

/** Every run of six digits of a number. */
export function runsOf(number: string): string[] {
  return Array.from({ length: number.length - 5 }, (_, start) => number.slice(start, start + 6));
}

function checkDigit(digits: string): string {
  return '0123456789'.split('').find((last) => passesLuhn(digits + last)) ?? '';
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
