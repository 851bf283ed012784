import { Entity, Index, Unique } from 'typeorm';
import { Amount, Count, Id, Instant, Reference, Text } from '../../database/columns.js';

/** One side of a transfer. Sequence, balances and hashes belong to users' accounts; the platform's have none. */
@Entity('credit_entries')
@Unique(['account', 'seq'])
@Index(['account', 'createdAt'])
@Index(['transferId'])
export class CreditEntry {
  /** The transfer's id, a colon and the side: 0 = the user, 1 = the platform. */
  @Id()
  id: string;

  @Reference()
  transferId: string;

  /** `user:{id}` or a platform account. */
  @Text({ length: 80 })
  account: string;

  /** Positive into the account, never zero. */
  @Amount()
  amountMicro: number;

  /** 1, 2, 3… without a gap. */
  @Count({ nullable: true })
  seq: number | null;

  /** What the account has posted after this entry. */
  @Amount({ nullable: true })
  balanceAfterMicro: number | null;

  /** Usage charged to the account up to and with this entry. */
  @Amount({ nullable: true })
  usedAfterMicro: number | null;

  /** Hash of the account's previous entry. */
  @Text({ nullable: true, length: 64 })
  prevHash: string | null;

  @Text({ nullable: true, length: 64 })
  hash: string | null;

  @Instant()
  createdAt: number;
}
