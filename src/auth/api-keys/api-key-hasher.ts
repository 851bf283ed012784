import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { hash as hashBcrypt, verify as verifyBcrypt } from '@node-rs/bcrypt';
import { AppConfig } from '../../config/config.js';
import type { ApiKey } from './api-key.entity.js';

const BCRYPT_COST = 10;

export type KeyVerifiers = Pick<ApiKey, 'keyHmac' | 'pepperVersion' | 'keyBcrypt'>;
export type KeyCheck = 'wrong' | 'right' | 'right_by_bcrypt';

/**
 * Checks keys against what is stored of them. A key has 256 random bits, so a keyed hash is as good as a slow one and
 * takes microseconds: that is what requests pay. bcrypt (a tenth of a second) answers only for keys whose HMAC was
 * made under another pepper, which the version, a fingerprint of the pepper, tells.
 */
@Injectable()
export class ApiKeyHasher {
  readonly pepperVersion: string;

  constructor(private readonly config: AppConfig) {
    this.pepperVersion = this.hmac('pepper version').toString('hex').slice(0, 16);
  }

  async verifiersOf(key: string): Promise<KeyVerifiers> {
    return { ...this.hmacOf(key), keyBcrypt: await hashBcrypt(condensed(key), BCRYPT_COST) };
  }

  /** The part of the verifiers that depends on the pepper. */
  hmacOf(key: string): Pick<ApiKey, 'keyHmac' | 'pepperVersion'> {
    return { keyHmac: this.hmac(key).toString('hex'), pepperVersion: this.pepperVersion };
  }

  async check(key: string, stored: KeyVerifiers): Promise<KeyCheck> {
    if (stored.pepperVersion === this.pepperVersion) {
      return timingSafeEqual(this.hmac(key), Buffer.from(stored.keyHmac, 'hex')) ? 'right' : 'wrong';
    }
    return (await verifyBcrypt(condensed(key), stored.keyBcrypt)) ? 'right_by_bcrypt' : 'wrong';
  }

  private hmac(text: string): Buffer {
    return createHmac('sha256', this.config.auth.apiKeyPepper).update(text).digest();
  }
}

/** bcrypt reads 72 bytes at most; a key is longer, its digest is not. */
function condensed(key: string): string {
  return createHash('sha256').update(key).digest('base64');
}
