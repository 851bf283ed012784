import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { spendableOf } from '../ledger/account.entity.js';
import { AccountRepository } from '../ledger/account.repository.js';
import { BlockBook } from './block-book.js';
import { BlockReaper } from './block-reaper.js';
import { RequestBlockRepository } from './request-block.repository.js';

/** Others look for recalls several times a second and need a transaction then. */
const LOOK_EVERY_MS = 100;
const LOOKS = 15;
const REMEMBERED_MS = 1000;
const MOST_REMEMBERED = 10_000;

/** Gets idle credits back from other processes, before a user is told that there are none. */
@Injectable()
export class BlockRecall {
  /** Users whose credits were just asked for in vain: hammering must not mean waiting each time. */
  private readonly fruitless = new LRUCache<string, true>({ max: MOST_REMEMBERED, ttl: REMEMBERED_MS });

  constructor(
    private readonly rows: RequestBlockRepository,
    private readonly accounts: AccountRepository,
    private readonly reaper: BlockReaper,
    private readonly book: BlockBook,
  ) {}

  /** True as soon as so much is available; false when the others have not that much, or use it themselves. */
  async gather(userId: string, missingMicro: number): Promise<boolean> {
    if (this.fruitless.has(userId)) return false;
    const isGathered = await this.ask(userId, missingMicro);
    if (!isGathered) this.fruitless.set(userId, true);
    return isGathered;
  }

  private async ask(userId: string, missingMicro: number): Promise<boolean> {
    const { ownerId } = this.book;
    const unspent = await this.rows.unspentByOthers(userId, ownerId);
    if (unspent === 0 || unspent + (await this.available(userId)) < missingMicro) return false;
    await this.reaper.reapUser(userId);
    await this.rows.recallFromOthers(userId, ownerId);
    for (let look = 0; look < LOOKS; look++) {
      const isAnswered = !(await this.rows.hasPendingRecalls(userId, ownerId));
      if ((await this.available(userId)) >= missingMicro) return true;
      if (isAnswered) return false;
      await delay(LOOK_EVERY_MS);
    }
    return false;
  }

  private async available(userId: string): Promise<number> {
    const account = await this.accounts.find(userId);
    return account ? spendableOf(account) : 0;
  }
}
