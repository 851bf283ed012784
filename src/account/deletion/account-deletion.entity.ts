import { Entity, Index } from 'typeorm';
import { Id, Instant, Text } from '../../database/columns.js';

/** An account that its owner has deleted: what is needed to restore it, until it is erased for good. */
@Entity('account_deletions')
@Index(['emailHash'])
@Index(['eraseAt'])
export class AccountDeletion {
  /** The user's id. */
  @Id() id: string;

  /** Keyed hash of the address, by which its owner finds it again. */
  @Text({ length: 64, nullable: true }) emailHash: string | null;

  /** The identity, encrypted with a personal key of the user. */
  @Text({ nullable: true }) identitySealed: string | null;

  @Text({ length: 64, nullable: true }) identityKeyId: string | null;

  @Instant() requestedAt: number;

  @Instant() eraseAt: number;

  @Instant({ nullable: true }) erasedAt: number | null;
}
