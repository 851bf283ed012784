/** 12 to 19 digits, with single spaces or dashes between them: looked at again with the Luhn sum. */
const DIGIT_RUN = /\d(?:[ -]?\d){11,}/g;
/** Inside longer words (hexadecimal ids, timestamps with letters) digits are no card. */
const BOUNDED_RUN = /(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g;
/** Card numbers begin with 2221 to 2720 or with 3 to 6; epoch milliseconds and most counters do not. */
const ISSUER = /^(?:[3-6]|22[2-9]|2[3-6]|27[01]|2720)/;

const SHORTEST = 12;
const LONGEST = 19;

/** Whether a text that should hold a card's token holds a number instead: any Luhn-valid run of 12 to 19 digits, anywhere. */
export function holdsCardDigits(text: string): boolean {
  return (text.match(DIGIT_RUN) ?? []).some((run) => holdsLuhnWindow(digitsOf(run)));
}

/**
 * Whether a text that may hold anything holds a card number: a run of 13 to 19 digits that stands for itself, begins
 * like a card and passes Luhn. Stricter than `holdsCardDigits`, because here a mistake refuses an honest request.
 */
export function holdsCardNumber(text: string): boolean {
  return (text.match(BOUNDED_RUN) ?? []).some(isCard);
}

/** The text with every card number in it replaced. */
export function withoutCardNumbers(text: string): string {
  return text.replace(BOUNDED_RUN, (run) => (isCard(run) ? 'redacted' : run));
}

/** The number of `card:number:expiry:code`, or undefined. */
export function digitsOfCard(text: string): string | undefined {
  const number = /^card:([\d -]+)(?::|$)/i.exec(text)?.[1];
  return number === undefined ? undefined : digitsOf(number);
}

export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function isCard(run: string): boolean {
  const digits = digitsOf(run);
  return ISSUER.test(digits) && passesLuhn(digits);
}

/** A number may have its expiry and code written right behind it. */
function holdsLuhnWindow(digits: string): boolean {
  for (let start = 0; start + SHORTEST <= digits.length; start += 1) {
    for (let end = start + SHORTEST; end <= Math.min(digits.length, start + LONGEST); end += 1) {
      if (passesLuhn(digits.slice(start, end))) return true;
    }
  }
  return false;
}

function digitsOf(text: string): string {
  return text.replaceAll(/[ -]/g, '');
}
