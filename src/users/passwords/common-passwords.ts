import { dictionary } from '@zxcvbn-ts/language-common';

/** The 49,233 most frequent passwords of public leaks, lower-cased, from zxcvbn's list; read at first use (about 5 ms). */
let frequent: ReadonlySet<string> | undefined;

export function isCommonPassword(password: string): boolean {
  frequent ??= new Set(dictionary['passwords-common']);
  const text = password.toLowerCase();
  return frequent.has(text) || frequent.has(repeatedPart(text));
}

/** `letmeinletmeinletmein` -> `letmein`; text that repeats nothing, or fewer than four characters, stays whole. */
function repeatedPart(text: string): string {
  const period = (text + text).indexOf(text, 1);
  return period < 4 ? text : text.slice(0, period);
}
