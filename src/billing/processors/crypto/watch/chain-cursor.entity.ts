import { Entity } from 'typeorm';
import { Count, Id, Instant, Text } from '../../../../database/columns.js';

/** How far a chain has been read for good. What lies above is read again in every round. */
@Entity('crypto_chain_cursors')
export class ChainCursor {
  /** The chain id. */
  @Id()
  id: string;

  @Count()
  blockNumber: number;

  /** The block's hash when it was read: another hash at this height means that the chain was reorganised. */
  @Text({ length: 66 })
  blockHash: string;

  @Instant()
  updatedAt: number;
}
