import { Entity, Index, Unique } from 'typeorm';
import { Id, Instant, Reference, Text } from '../../database/columns.js';
import type { PlatformCode, TransferCode } from './transfer-codes.js';

/** One movement of credits: two entries that add up to zero. Never changed, never deleted. */
@Entity('credit_transfers')
@Unique(['account', 'idempotencyKey'])
@Index(['holdId'])
export class CreditTransfer {
  @Id()
  id: string;

  /** The account that moves, a user's as a rule; it also owns the idempotency key. */
  @Text({ length: 80 })
  account: string;

  @Text({ length: 255 })
  idempotencyKey: string;

  /** What the key stands for: the same key with another input is refused. */
  @Text({ length: 64 })
  inputHash: string;

  @Text({ length: 32 })
  code: TransferCode | PlatformCode;

  /** The hold that paid. */
  @Reference({ nullable: true })
  holdId: string | null;

  /** What it is about, e.g. a rental's id. */
  @Text({ nullable: true, length: 255 })
  reference: string | null;

  /** In words, for corrections and grants. */
  @Text({ nullable: true })
  reason: string | null;

  /** Who caused it: a user's id, or null for the service itself. */
  @Text({ nullable: true, length: 255 })
  actorId: string | null;

  @Text({ nullable: true, length: 128 })
  requestId: string | null;

  /** When it happened in the world. */
  @Instant()
  eventAt: number;

  /** When it was written here. */
  @Instant()
  createdAt: number;
}
