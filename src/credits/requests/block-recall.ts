import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { BlockBook } from './block-book.js';
import { BlockReaper } from './block-reaper.js';
import { PurseReader } from './purse-reader.js';
import type { Purse } from './purse.js';
import { RequestBlockRepository, type OtherBlocks } from './request-block.repository.js';

/** Others look for recalls several times a second and need a transaction then. */
const LOOK_EVERY_MS = 100;
const LOOKS = 15;
const REMEMBERED_MS = 1000;
const MOST_REMEMBERED = 10_000;

/** Gets idle credits back from other blocks, mostly of other processes, before a caller is told that there are none. */
@Injectable()
export class BlockRecall {
  /** Purses for which credits were just asked for in vain: hammering must not mean waiting each time. */
  private readonly fruitless = new LRUCache<string, true>({ max: MOST_REMEMBERED, ttl: REMEMBERED_MS });

  constructor(
    private readonly rows: RequestBlockRepository,
    private readonly purses: PurseReader,
    private readonly reaper: BlockReaper,
    private readonly book: BlockBook,
  ) {}

  /** True as soon as so much is available; false when the others have not that much, or use it themselves. */
  async gather(purse: Purse, missingMicro: number): Promise<boolean> {
    if (this.fruitless.has(purse.id)) return false;
    const isGathered = await this.ask(purse, missingMicro);
    if (!isGathered) this.fruitless.set(purse.id, true);
    return isGathered;
  }

  private async ask(purse: Purse, missingMicro: number): Promise<boolean> {
    const { availableMicro, isLimitReached } = await this.purses.read(purse);
    const others = this.othersOf(purse, isLimitReached);
    const unspent = await this.rows.unspentByOthers(others);
    if (unspent === 0 || unspent + availableMicro < missingMicro) return false;
    await this.reaper.reapUser(purse.userId);
    await this.rows.recallOthers(others);
    for (let look = 0; look < LOOKS; look++) {
      const isAnswered = !(await this.rows.hasPendingRecalls(others));
      if ((await this.purses.read(purse)).availableMicro >= missingMicro) return true;
      if (isAnswered) return false;
      await delay(LOOK_EVERY_MS);
    }
    return false;
  }

  /** When it is the key's limit that is used up, only what is held under it helps. */
  private othersOf({ id, userId, limit }: Purse, isLimitReached: boolean): OtherBlocks {
    const butHoldId = this.book.find(id)?.holdId ?? '';
    return isLimitReached ? { userId, butHoldId, budgetId: limit?.id } : { userId, butHoldId };
  }
}
