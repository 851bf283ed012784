import { Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import type { Caller } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { OPERATOR, SYSTEM, type Origin } from '../../common/origin.js';
import {
  apiKeyNotFound,
  apiKeyReplaced,
  limitsNotYours,
  notInFuture,
  scopesNotYours,
  tooManyApiKeys,
} from '../auth.errors.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyFactory, type KeyTerms, type MintedKey } from './api-key.factory.js';
import { ApiKeyRepository, type ApiKeyCursor } from './api-key.repository.js';
import { KeyChanges } from './key-changes.js';
import { DEFAULT_KEY_SCOPES, type KeyScope } from './key-scopes.js';
import { limitsOrNull, type StoredKeyLimits } from './stored-key-limits.js';

export { API_KEY_CHANGED } from './key-changes.js';

const MOST_KEYS = 1000;
const HOUR_MS = 3_600_000;

export interface NewKey {
  name: string;
  scopes?: readonly KeyScope[];
  /** Epoch milliseconds. */
  expiresAt?: number;
  limits?: StoredKeyLimits;
}

/** The keys of users: made, listed, rotated and revoked. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly factory: ApiKeyFactory,
    private readonly changes: KeyChanges,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws DomainError 403 `scope_not_allowed` (`admin` for someone who is none), 409 `too_many_api_keys`,
   *   422 `invalid_input` for an expiry that has passed
   */
  async create(caller: Caller, newKey: NewKey, origin: Origin = SYSTEM): Promise<MintedKey> {
    const { name, scopes = DEFAULT_KEY_SCOPES, expiresAt, limits = {} } = newKey;
    requireScopesOf(caller, scopes);
    if (expiresAt !== undefined && expiresAt <= this.clock.now()) throw notInFuture('expires_at');
    const { userId } = caller;
    const terms = { userId, name, scopes, expiresAt: expiresAt ?? null, limits: limitsOrNull(limits) };
    return this.add(terms, origin);
  }

  /** A key with the default scopes, made by an operator. @throws DomainError 409 `too_many_api_keys` */
  createForUser(userId: string, name: string): Promise<MintedKey> {
    const terms = { userId, name, scopes: DEFAULT_KEY_SCOPES, expiresAt: null, limits: null };
    return this.add(terms, OPERATOR);
  }

  /** Keys that are not revoked, newest first, at most `limit` from the position on; expired ones are among them. */
  list(userId: string, limit: number, after?: ApiKeyCursor): Promise<ApiKey[]> {
    return this.keys.pageUnrevoked(userId, limit, after);
  }

  /** @throws DomainError 404 `api_key_not_found` unless it is an unrevoked key of this user */
  async revoke(userId: string, id: string, origin: Origin = SYSTEM): Promise<void> {
    const live = { id, userId, revokedAt: IsNull() };
    const isRevoked = await this.changes.make('api_key.revoked', { id, userId }, origin, (manager) =>
      this.keys.update(live, { revokedAt: this.clock.now() }, manager),
    );
    this.changes.announce(userId, id);
    if (!isRevoked) throw apiKeyNotFound();
  }

  /**
   * A new key with the old one's name, scopes, limits and expiry; the old one works for another `graceHours`. A key that is
   * narrowed may rotate itself alone: another might open more than it does.
   * @throws DomainError 403 `scope_not_allowed` when the caller's own key may do less, 404 `api_key_not_found`,
   *   409 `api_key_replaced` when it was rotated before or has expired
   */
  async rotate(caller: Caller, id: string, graceHours: number, origin: Origin = SYSTEM): Promise<MintedKey> {
    const old = await this.keys.findUnrevoked(caller.userId, id);
    if (!old) throw apiKeyNotFound();
    requireScopesOf(caller, old.scopes);
    if (caller.limits && caller.credentialId !== id) throw limitsNotYours();
    const minted = await this.factory.mint({ ...old, originId: old.originId ?? old.id });
    await this.replace(old, minted.key, this.clock.now() + graceHours * HOUR_MS, origin);
    this.changes.announce(caller.userId, id);
    return minted;
  }

  private async add(terms: KeyTerms, origin: Origin): Promise<MintedKey> {
    if ((await this.keys.countUnrevoked(terms.userId)) >= MOST_KEYS) throw tooManyApiKeys(MOST_KEYS);
    const minted = await this.factory.mint(terms);
    await this.changes.make('api_key.created', minted.key, origin, (manager) =>
      this.keys.insert(minted.key, manager),
    );
    return minted;
  }

  private async replace(old: ApiKey, successor: ApiKey, graceUntil: number, origin: Origin): Promise<void> {
    const now = this.clock.now();
    if (old.expiresAt !== null && old.expiresAt <= now) throw apiKeyReplaced();
    const expiresAt = Math.min(old.expiresAt ?? Infinity, graceUntil);
    const end = graceUntil <= now ? { revokedAt: now } : { expiresAt };
    await this.changes.make('api_key.rotated', successor, origin, async (manager) => {
      const condition = { id: old.id, revokedAt: IsNull(), replacedBy: IsNull() };
      const isOurs = await this.keys.update(condition, { ...end, replacedBy: successor.id }, manager);
      if (!isOurs) throw apiKeyReplaced();
      await this.keys.insert(successor, manager);
    });
  }
}

/** With `admin` only for administrators, and never more than the credential in hand may do. */
function requireScopesOf(caller: Caller, wanted: readonly KeyScope[]): void {
  const missing = wanted.filter((scope) =>
    scope === 'admin' ? !caller.isAdmin : !caller.scopes.includes(scope),
  );
  if (missing.length > 0) throw scopesNotYours(missing);
}
