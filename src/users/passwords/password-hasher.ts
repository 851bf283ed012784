import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { verify as verifyBcrypt } from '@node-rs/bcrypt';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { normalizePassword } from './password-text.js';

/** OWASP's second recommendation: 19 MiB, two passes, one lane; about 75 ms on the machine it was chosen on. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Hashes run on libuv's four threads, which SQLite needs too; two at a time leave room for it. */
const HASHES_AT_ONCE = 2;

/** bcrypt reads no further, so a longer password cannot be the one that was hashed. */
const BCRYPT_LONGEST_BYTES = 72;

export type PasswordCheck = 'wrong' | 'right' | 'right_needs_rehash';

/** Turns passwords into argon2id hashes (NFKC first, nothing cut off) and checks them against stored ones. */
@Injectable()
export class PasswordHasher {
  private readonly slots = new ConcurrencyLimit(HASHES_AT_ONCE);
  private dummyHash: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return this.slots.run(() => hash(normalizePassword(password), ARGON2ID));
  }

  /** Also knows bcrypt hashes ($2a$, $2b$, $2y$) of imported accounts; those and old settings ask for a rehash. */
  async check(password: string, stored: string): Promise<PasswordCheck> {
    if (stored.startsWith('$2')) return this.checkBcrypt(password, stored);
    const isRight = await this.slots.run(() => verify(stored, normalizePassword(password)));
    if (!isRight) return 'wrong';
    return isCurrent(stored) ? 'right' : 'right_needs_rehash';
  }

  /** Costs what checking a password costs: an unknown account must take as long to refuse as a known one. */
  async checkNothing(password: string): Promise<void> {
    this.dummyHash ??= this.hash(randomBytes(32).toString('base64'));
    await this.check(password, await this.dummyHash);
  }

  private async checkBcrypt(password: string, stored: string): Promise<PasswordCheck> {
    if (Buffer.byteLength(password) > BCRYPT_LONGEST_BYTES) return 'wrong';
    const isRight = await this.slots.run(() => verifyBcrypt(password, stored));
    return isRight ? 'right_needs_rehash' : 'wrong';
  }
}

function isCurrent(stored: string): boolean {
  const { memoryCost, timeCost, parallelism } = parseOptions(stored);
  return (
    stored.startsWith('$argon2id$') &&
    memoryCost === ARGON2ID.memoryCost &&
    timeCost === ARGON2ID.timeCost &&
    parallelism === ARGON2ID.parallelism
  );
}
