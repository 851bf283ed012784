const START = '=?base64?';
const END = '?=';
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** Revision 2026-07-28, "Value Encoding": what a header cannot carry, or could be taken for encoded, is encoded. */
export function encodeHeaderValue(value: string): string {
  const isAmbiguous = value.startsWith(START) && value.endsWith(END);
  if (PLAIN.test(value) && !isAmbiguous) return value;
  return `${START}${Buffer.from(value, 'utf8').toString('base64')}${END}`;
}
