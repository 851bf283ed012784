import { Entity, Index } from 'typeorm';
import { Count, Id, Instant, Reference, Text } from '../database/columns.js';

export type SessionEndReason = 'logout' | 'revoked' | 'refresh_token_reused';

/** One login: a family of refresh tokens, each the only successor of the one before. Only hashes are stored. */
@Entity('sessions')
@Index(['userId', 'createdAt', 'id'])
@Index(['idleExpiresAt'])
export class Session {
  @Id() id: string;

  @Reference() userId: string;

  /** The account's count of events that end all logins, as it was when this one began. */
  @Count() accountEpoch: number;

  /** SHA-256 of the one token that can be exchanged next. */
  @Text({ length: 64 }) tokenHash: string;

  /** SHA-256 of the token before it, for callers whose answer was lost. */
  @Text({ length: 64, nullable: true }) previousTokenHash: string | null;

  @Instant({ nullable: true }) rotatedAt: number | null;

  @Text({ length: 64 }) ip: string;

  @Text({ length: 256 }) userAgent: string;

  @Instant() createdAt: number;

  /** The login or the latest exchange. */
  @Instant() lastSeenAt: number;

  @Instant() idleExpiresAt: number;

  /** The end however often it is used. */
  @Instant() expiresAt: number;

  @Instant({ nullable: true }) endedAt: number | null;

  @Text({ length: 32, nullable: true }) endReason: SessionEndReason | null;
}
