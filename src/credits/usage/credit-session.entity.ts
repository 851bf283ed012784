import { Entity, Index } from 'typeorm';
import { Amount, Count, Flag, Id, Instant, Reference, Text } from '../../database/columns.js';

/** A session of use: one rental, one socket, or a run of requests of one key, address and pool. */
export type SessionKind = 'rental' | 'socket' | 'requests';

/** Written when the session closes, with the credit fields as they stood then. Never changed. */
@Entity('credit_sessions')
@Index(['userId', 'closedAt', 'id'])
export class CreditSession {
  @Id()
  id: string;

  /** The rental's id, or an id of the run of requests. */
  @Text({ length: 128, unique: true })
  sessionId: string;

  @Reference()
  userId: string;

  @Text({ length: 16 })
  kind: SessionKind;

  /** The key or login that was used, else the user. */
  @Text({ length: 255 })
  clientId: string;

  @Text({ nullable: true, length: 64 })
  ip: string | null;

  @Instant()
  startedAt: number;

  @Count()
  durationSeconds: number;

  @Amount()
  remainingMicro: number;

  @Amount()
  totalMicro: number;

  @Amount()
  overageMicro: number;

  @Amount()
  capMicro: number;

  @Flag()
  hasAutoRenew: boolean;

  /** The account's entries from `firstSeq` to `lastSeq` were posted during the session; none when last < first. */
  @Count()
  firstSeq: number;

  @Count()
  lastSeq: number;

  @Instant()
  closedAt: number;
}
