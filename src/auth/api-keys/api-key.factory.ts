import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { AppConfig } from '../../config/config.js';
import { newApiKey } from './api-key-format.js';
import { ApiKeyHasher } from './api-key-hasher.js';
import type { ApiKey } from './api-key.entity.js';
import type { KeyScope } from './key-scopes.js';
import type { StoredKeyLimits } from './stored-key-limits.js';

export interface KeyTerms {
  userId: string;
  name: string;
  scopes: readonly KeyScope[];
  /** Epoch milliseconds; null = it does not expire. */
  expiresAt: number | null;
  limits: StoredKeyLimits | null;
  /** Of a key that is rotated; absent for one that is new. */
  originId?: string | null;
}

/** A new key and its row. The text exists nowhere else and is shown once. */
export interface MintedKey {
  key: ApiKey;
  text: string;
}

@Injectable()
export class ApiKeyFactory {
  constructor(
    private readonly hasher: ApiKeyHasher,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async mint({ userId, name, scopes, expiresAt, limits, originId = null }: KeyTerms): Promise<MintedKey> {
    const isTest = this.config.mode.isDeveloper || this.config.providers.sandbox.isEnabled;
    const { text, keyId, prefix } = newApiKey(isTest ? 'test' : 'live');
    const key: ApiKey = {
      id: newId(),
      userId,
      keyId,
      name,
      prefix,
      ...(await this.hasher.verifiersOf(text)),
      scopes: [...scopes],
      limits,
      originId,
      createdAt: this.clock.now(),
      expiresAt,
      lastUsedAt: null,
      revokedAt: null,
      replacedBy: null,
    };
    return { key, text };
  }
}
