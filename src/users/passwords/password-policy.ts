import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import { isCommonPassword } from './common-passwords.js';
import { codePoints, hasLoneSurrogate, normalizePassword } from './password-text.js';

const LONGEST = 128;
const PRODUCT_WORDS = ['gpuproxy', 'gpu proxy', 'gpu-proxy', 'aiserve'];
const SHORTEST_CONTEXT_WORD = 4;
/** So much of a password has to be left when the words that everybody could guess are taken out. */
const SHORTEST_REMAINDER = 8;

/** Whose password it is: their email address and name are not good parts of one. */
export interface PasswordOwner {
  email: string;
  name: string;
}

/**
 * NIST SP 800-63B-4 for a password that stands alone: long, any characters, no rules of composition, and neither a
 * frequent one nor one made of the owner's email, name or the product's name.
 */
@Injectable()
export class PasswordPolicy {
  private readonly shortest: number;

  constructor(config: AppConfig) {
    this.shortest = config.auth.passwordMinLength;
  }

  /** Says which rule a password breaks, as the end of "The password …"; undefined when it may be used. */
  violation(password: string, owner: PasswordOwner): string | undefined {
    if (hasLoneSurrogate(password)) return 'holds half a character';
    const normalized = normalizePassword(password);
    const length = Math.min(codePoints(password), codePoints(normalized));
    if (length < this.shortest) return `must have at least ${this.shortest} characters`;
    if (codePoints(normalized) > LONGEST) return `must have at most ${LONGEST} characters`;
    if (isCommonPassword(normalized)) return 'is one of the most frequent ones and would be guessed';
    if (isMadeOfContext(normalized, owner)) return 'consists of your email address, your name or our name';
    return undefined;
  }
}

function isMadeOfContext(password: string, owner: PasswordOwner): boolean {
  const text = password.toLowerCase();
  const rest = contextWords(owner).reduce((left, word) => left.replaceAll(word, ''), text);
  return rest !== text && codePoints(rest) < SHORTEST_REMAINDER;
}

/** Longest first, so that a whole address goes before its parts. */
function contextWords(owner: PasswordOwner): string[] {
  const [email, name] = [owner.email, owner.name].map((text) => normalizePassword(text).trim().toLowerCase());
  const words = [email, ...email.split('@'), name, ...name.split(/\s+/), ...PRODUCT_WORDS];
  return words
    .filter((word) => codePoints(word) >= SHORTEST_CONTEXT_WORD)
    .sort((a, b) => b.length - a.length);
}
