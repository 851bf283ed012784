import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { SECURITY_NOTED, type SecurityNote } from '../../common/security-note.js';
import type { User } from '../../users/user.entity.js';
import type { KeyParts } from '../api-keys/api-key-format.js';
import { ApiKeyHasher } from '../api-keys/api-key-hasher.js';
import type { ApiKey } from '../api-keys/api-key.entity.js';
import { ApiKeyRepository } from '../api-keys/api-key.repository.js';
import { keyLimitsOf } from '../api-keys/key-limits.js';
import { isScope } from '../api-keys/key-scopes.js';
import type { VerifiedCaller } from './caller-cache.js';

/** Looks a well-formed key up by its public part: one query for it and its user. */
@Injectable()
export class ApiKeyAuthenticator {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly hasher: ApiKeyHasher,
    private readonly clock: Clock,
    private readonly events: EventBus,
  ) {}

  /** Undefined when it does not open anything. */
  async identify({ text, keyId }: KeyParts): Promise<VerifiedCaller | undefined> {
    const found = await this.keys.findWithUser(keyId);
    if (!found) return undefined;
    const { key, user } = found;
    if (!(await this.isRight(text, key))) return undefined;
    if (!this.isCurrent(key) || !user.isActive) return this.noteUse(key);
    return { caller: callerOf(key, user), validUntil: key.expiresAt ?? Infinity };
  }

  /** A key whose HMAC was made under another pepper gets one under ours. */
  private async isRight(text: string, key: ApiKey): Promise<boolean> {
    const check = await this.hasher.check(text, key);
    if (check === 'right_by_bcrypt') {
      await this.keys.update({ id: key.id, keyHmac: key.keyHmac }, this.hasher.hmacOf(text));
    }
    return check !== 'wrong';
  }

  /** Somebody still holds a key that was taken away: its owner should see that. */
  private noteUse({ id, userId, revokedAt }: ApiKey): undefined {
    const data: SecurityNote = {
      action: 'api_key.refused',
      origin: { actorKind: 'anonymous' },
      subjectId: userId,
      target: `api_key:${id}`,
      details: { reason: revokedAt === null ? 'expired_or_inactive' : 'revoked' },
    };
    this.events.emit({ name: SECURITY_NOTED, at: this.clock.now(), data });
    return undefined;
  }

  private isCurrent({ revokedAt, expiresAt }: ApiKey): boolean {
    return revokedAt === null && (expiresAt === null || expiresAt > this.clock.now());
  }
}

function callerOf(key: ApiKey, user: User): Caller {
  return {
    userId: user.id,
    email: user.email,
    isAdmin: user.isAdmin && key.scopes.includes('admin'),
    mustChangePassword: user.mustChangePassword,
    credential: 'api_key',
    credentialId: key.id,
    scopes: key.scopes.filter(isScope),
    limits: keyLimitsOf(key.originId ?? key.id, key.limits),
  };
}
