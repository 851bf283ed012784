import { Entity, Index, Unique } from 'typeorm';
import { Amount, Count, Flag, Id, Instant, Reference, Text } from '../../../../database/columns.js';

/**
 * - `confirming`: in a block, not deep enough yet
 * - `missing`: was in a block that is no longer part of the chain; it may come back elsewhere
 * - `dropped`: missing for so long that it will not come back (if it does, it is `confirming` again)
 * - `dust`: too small to be credited
 * - `credited`
 * - `reversed`: was credited, then vanished from the chain, and was taken back
 */
export const DEPOSIT_STATES = ['confirming', 'missing', 'dropped', 'dust', 'credited', 'reversed'] as const;
export type DepositState = (typeof DEPOSIT_STATES)[number];

/** Something that arrived at an invoice's address. */
@Entity('crypto_deposits')
@Unique(['chainId', 'txHash', 'position'])
@Index(['chainId', 'state', 'isFinal'])
@Index(['invoiceId'])
@Index(['userId', 'state', 'isFinal'])
export class CryptoDeposit {
  @Id()
  id: string;

  @Count()
  chainId: number;

  /** The transaction; for coins, whose transactions may be invisible, `balance:` and the block they were found at. */
  @Text({ length: 128 })
  txHash: string;

  /** Place among the logs of the transaction; 0 for coins. */
  @Count()
  position: number;

  @Reference()
  invoiceId: string;

  @Reference()
  userId: string;

  @Text({ length: 16 })
  asset: string;

  /** The token's contract; null for the network's coin. */
  @Text({ nullable: true, length: 42 })
  token: string | null;

  /** What the chain says arrived, in smallest units. */
  @Text({ length: 78 })
  units: string;

  /** What was found to have really arrived, and was credited. */
  @Text({ nullable: true, length: 78 })
  creditedUnits: string | null;

  @Amount()
  creditedMicro: number;

  @Text({ length: 16 })
  state: DepositState;

  /** The block is final: the deposit needs no more looks. */
  @Flag()
  isFinal: boolean;

  @Count()
  blockNumber: number;

  @Text({ length: 66 })
  blockHash: string;

  /** The block's time. */
  @Instant()
  blockAt: number;

  /** The newest block when it was first missed. */
  @Count({ nullable: true })
  missingSinceBlock: number | null;

  /** How often it was credited (again, after a reversal); a part of the posting's key. */
  @Count()
  credits: number;

  @Instant()
  createdAt: number;

  @Instant()
  updatedAt: number;
}
