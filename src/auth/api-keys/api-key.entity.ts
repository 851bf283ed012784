import { Entity, Index, Unique } from 'typeorm';
import { Id, Instant, Json, Reference, Text } from '../../database/columns.js';
import type { KeyScope } from './key-scopes.js';
import type { StoredKeyLimits } from './stored-key-limits.js';

/** A key of a user. The key itself is stored nowhere: only what can check it. */
@Entity('api_keys')
@Unique(['keyId'])
@Index(['userId', 'createdAt', 'id'])
export class ApiKey {
  @Id() id: string;

  @Reference() userId: string;

  /** The public part of the key, by which it is looked up. */
  @Text({ length: 12 }) keyId: string;

  @Text({ length: 100 }) name: string;

  @Text({ length: 16 }) prefix: string;

  /** HMAC-SHA-256 of the whole key under the pepper of `pepperVersion`, hex. */
  @Text({ length: 64 }) keyHmac: string;

  @Text({ length: 16 }) pepperVersion: string;

  /** bcrypt, for when the pepper that made `keyHmac` is no more. */
  @Text({ length: 64 }) keyBcrypt: string;

  @Json() scopes: KeyScope[];

  /** Null = narrowed by its scopes alone. */
  @Json({ nullable: true }) limits: StoredKeyLimits | null;

  /** The first of the keys that it comes from by rotation, under which its limits are counted; null = itself. */
  @Reference({ nullable: true }) originId: string | null;

  @Instant() createdAt: number;

  @Instant({ nullable: true }) expiresAt: number | null;

  /** To the minute. */
  @Instant({ nullable: true }) lastUsedAt: number | null;

  @Instant({ nullable: true }) revokedAt: number | null;

  /** The key that this one was rotated to. */
  @Reference({ nullable: true }) replacedBy: string | null;
}
