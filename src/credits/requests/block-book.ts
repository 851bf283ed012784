import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { AppConfig } from '../../config/config.js';
import type { Block } from './block.js';

const SHORTEST_LEASE_MS = 2000;

/** The blocks of this process, one per purse, and the turn of those who change them. */
@Injectable()
export class BlockBook {
  /** Names this process among those that share the database. */
  readonly ownerId = newId();
  readonly leaseMs: number;
  private readonly logger = new Logger(BlockBook.name);
  private readonly blocks = new Map<string, Block>();
  private onAdded: () => void = () => undefined;
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.leaseMs = Math.max(SHORTEST_LEASE_MS, config.billing.holdTtlMs);
  }

  /** The purse's block when it has so much free and can be relied upon; no SQL, no wait. */
  findWith(purseId: string, neededMicro: number): Block | undefined {
    const block = this.blocks.get(purseId);
    return block !== undefined && block.freeMicro >= neededMicro && this.isReliable(block)
      ? block
      : undefined;
  }

  find(purseId: string): Block | undefined {
    return this.blocks.get(purseId);
  }

  all(): Block[] {
    return [...this.blocks.values()];
  }

  get isEmpty(): boolean {
    return this.blocks.size === 0;
  }

  add(block: Block): void {
    this.blocks.set(block.purse.id, block);
    this.onAdded();
  }

  /** Tells whenever there is a block to look after. */
  whenAdded(listener: () => void): void {
    this.onAdded = listener;
  }

  /** Somebody else has closed it. */
  lose(block: Block): void {
    block.isLost = true;
    this.remove(block);
    const { holdId: hold_id, userId: user_id } = block;
    this.logger.error({ msg: 'held credits were taken for abandoned', hold_id, user_id });
  }

  remove(block: Block): void {
    if (this.blocks.get(block.purse.id) === block) this.blocks.delete(block.purse.id);
  }

  /** One after the other per purse: only one of them asks the database for more. */
  async inTurn<T>(purseId: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(purseId) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(purseId, mine);
    try {
      return await mine;
    } finally {
      if (this.turns.get(purseId) === mine) this.turns.delete(purseId);
    }
  }

  /** A block is spent for three quarters of its lease at most, so that clocks may differ a little. */
  private isReliable({ isSuspended, leaseUntil }: Block): boolean {
    return !isSuspended && this.clock.now() < leaseUntil - this.leaseMs / 4;
  }
}
