/** The form in which a password is measured and hashed: the same keys pressed on any system give the same bytes. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

export function codePoints(text: string): number {
  return Array.from(text).length;
}

/** Half of a surrogate pair: not text, and UTF-8 would map all of them to one character. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
