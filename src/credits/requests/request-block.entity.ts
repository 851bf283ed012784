import { Entity, Index } from 'typeorm';
import { Amount, Flag, Id, Instant, Reference, Text } from '../../database/columns.js';

/** open: its owner spends it. closed: settled and freed, by the owner or, when that was gone, by the reaper. */
export type BlockState = 'open' | 'closed';

/**
 * A hold of credits that one process spends in memory for the requests of one user. The row is what the process has
 * left behind when it dies: whose it was, and how much of it was spent a moment ago.
 */
@Entity('request_blocks')
@Index(['userId', 'state'])
@Index(['ownerId', 'state'])
@Index(['state', 'leaseUntil'])
export class RequestBlock {
  /** The hold that it spends. */
  @Id()
  holdId: string;

  @Reference()
  userId: string;

  /** The process; each start makes a new one. */
  @Reference()
  ownerId: string;

  /** The key budget that it is committed to; null = all that the user has. */
  @Reference({ nullable: true })
  budgetId: string | null;

  /** Charged or delivered, as the owner last said; at most a second old. */
  @Amount()
  spentMicro: number;

  @Text({ length: 16 })
  state: BlockState;

  /** Another process needs what is not in use. */
  @Flag()
  isRecalled: boolean;

  /** From then on the owner counts as gone. */
  @Instant()
  leaseUntil: number;

  @Instant()
  createdAt: number;
}
