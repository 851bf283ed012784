import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { BlockBook } from './block-book.js';
import { BlockKeeper } from './block-keeper.js';
import type { Block } from './block.js';
import { RequestBlockRepository } from './request-block.repository.js';

const ROUND_EVERY_MS = 300;
const SETTLE_AFTER_MS = 10_000;
const IDLE_AFTER_MS = 15_000;
/** In one statement, and in one transaction. */
const BLOCKS_AT_ONCE = 100;
const WAIT_AT_SHUTDOWN_MS = 2000;

/**
 * Several times a second: notes how far blocks are spent, gives back what others recall, posts what has waited for
 * ten seconds and frees blocks that nobody uses. Without blocks there is no timer.
 */
@Injectable()
export class BlockUpkeep implements BeforeApplicationShutdown {
  private readonly logger = new Logger(BlockUpkeep.name);
  private timer?: NodeJS.Timeout;
  private running?: Promise<void>;
  private isStopping = false;

  constructor(
    private readonly book: BlockBook,
    private readonly keeper: BlockKeeper,
    private readonly rows: RequestBlockRepository,
    private readonly clock: Clock,
  ) {
    book.whenAdded(() => this.schedule());
  }

  /** One round now. @throws what the database does; the next round does what was left */
  async round(): Promise<void> {
    await this.checkpoint();
    await this.returnRecalled();
    await this.settleDue();
    await this.closeIdle();
  }

  /** Requests that were cut a moment ago still report their end; then everything is settled. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.running;
    const deadline = performance.now() + WAIT_AT_SHUTDOWN_MS;
    while (this.isBusy() && performance.now() < deadline) await delay(20);
    for (const block of this.book.all()) await this.closeSafely(block);
  }

  private isBusy(): boolean {
    return this.book.all().some(({ inFlight }) => inFlight > 0);
  }

  private schedule(): void {
    if (this.isStopping) return;
    this.timer ??= setTimeout(() => (this.running = this.roundOnTime()), ROUND_EVERY_MS).unref();
  }

  private async roundOnTime(): Promise<void> {
    try {
      await this.round();
    } catch (error) {
      this.logger.error({ msg: 'upkeep of held credits failed, will be repeated', err: error });
    }
    this.timer = undefined;
    if (!this.book.isEmpty) this.schedule();
  }

  private async checkpoint(): Promise<void> {
    const renewBefore = this.clock.now() + this.book.leaseMs / 2;
    const due = this.book
      .all()
      .filter(({ dueMicro, notedMicro, leaseUntil }) => dueMicro !== notedMicro || leaseUntil < renewBefore);
    for (const blocks of inGroups(due)) {
      for (const lost of await this.keeper.checkpoint(blocks)) this.lose(lost);
    }
  }

  private async returnRecalled(): Promise<void> {
    const recalled = new Set(await this.rows.recalled(this.book.ownerId));
    const blocks = this.book.all().filter(({ holdId }) => recalled.has(holdId));
    for (const block of blocks) await this.giveBack(block);
  }

  private async settleDue(): Promise<void> {
    const before = this.clock.now() - SETTLE_AFTER_MS;
    const due = this.book
      .all()
      .filter(
        ({ spentMicro, settledMicro, lastSettledAt }) => spentMicro > settledMicro && lastSettledAt <= before,
      );
    for (const blocks of inGroups(due)) await this.keeper.settle(blocks);
  }

  private async closeIdle(): Promise<void> {
    const before = this.clock.now() - IDLE_AFTER_MS;
    const idle = this.book.all().filter(({ inFlight, lastUsedAt }) => inFlight === 0 && lastUsedAt <= before);
    for (const block of idle) await this.giveBack(block);
  }

  /** All of it when nothing is under way, else what is free. */
  private giveBack(block: Block): Promise<void> {
    return this.book.inTurn(block.purse.id, async () => {
      if (this.book.find(block.purse.id) !== block) return;
      block.isSuspended = true;
      if (block.inFlight === 0) await this.close(block);
      else await this.shrink(block);
    });
  }

  /** Suspended until it succeeded: when the answer is lost, nobody knows whether the credits are still held. */
  private async close(block: Block): Promise<void> {
    await this.keeper.close(block);
    this.book.remove(block);
  }

  private async shrink(block: Block): Promise<void> {
    if ((await this.keeper.shrink(block)) === 'lost') this.book.lose(block);
    else block.isSuspended = false;
  }

  /** A block that was closed here while the checkpoint was under way is not lost. */
  private lose(block: Block): void {
    if (this.book.find(block.purse.id) === block) this.book.lose(block);
  }

  private async closeSafely(block: Block): Promise<void> {
    try {
      block.isSuspended = true;
      await this.book.inTurn(block.purse.id, () => this.close(block));
    } catch (error) {
      this.logger.error({ msg: 'held credits not settled at shutdown', hold_id: block.holdId, err: error });
    }
  }
}

function inGroups(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (let start = 0; start < blocks.length; start += BLOCKS_AT_ONCE)
    groups.push(blocks.slice(start, start + BLOCKS_AT_ONCE));
  return groups;
}
