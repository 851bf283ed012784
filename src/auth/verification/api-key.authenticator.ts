import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { UsersService } from '../../users/users.service.js';
import type { KeyParts } from '../api-keys/api-key-format.js';
import { ApiKeyHasher } from '../api-keys/api-key-hasher.js';
import type { ApiKey } from '../api-keys/api-key.entity.js';
import { ApiKeyRepository } from '../api-keys/api-key.repository.js';
import { isScope } from '../api-keys/key-scopes.js';
import type { VerifiedCaller } from './caller-cache.js';

/** Looks a well-formed key up: one row by its public part, one for its user. */
@Injectable()
export class ApiKeyAuthenticator {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly hasher: ApiKeyHasher,
    private readonly users: UsersService,
    private readonly clock: Clock,
  ) {}

  /** Undefined when it does not open anything. */
  async identify({ text, keyId }: KeyParts): Promise<VerifiedCaller | undefined> {
    const key = await this.keys.findByKeyId(keyId);
    if (!key || !(await this.isRight(text, key)) || !this.isCurrent(key)) return undefined;
    const user = await this.users.findById(key.userId);
    if (!user?.isActive) return undefined;
    const caller = {
      userId: user.id,
      email: user.email,
      isAdmin: user.isAdmin && key.scopes.includes('admin'),
      mustChangePassword: user.mustChangePassword,
      credential: 'api_key' as const,
      credentialId: key.id,
      scopes: key.scopes.filter(isScope),
    };
    return { caller, validUntil: key.expiresAt ?? Infinity };
  }

  /** A key whose HMAC was made under another pepper gets one under ours. */
  private async isRight(text: string, key: ApiKey): Promise<boolean> {
    const check = await this.hasher.check(text, key);
    if (check === 'right_by_bcrypt') {
      await this.keys.update({ id: key.id, keyHmac: key.keyHmac }, this.hasher.hmacOf(text));
    }
    return check !== 'wrong';
  }

  private isCurrent({ revokedAt, expiresAt }: ApiKey): boolean {
    return revokedAt === null && (expiresAt === null || expiresAt > this.clock.now());
  }
}
