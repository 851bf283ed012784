import { Injectable } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import { AccountOpener } from '../ledger/account-opener.js';
import { BlockBook } from './block-book.js';
import { BlockKeeper } from './block-keeper.js';
import { BlockRecall } from './block-recall.js';
import { blockSize } from './block-size.js';
import { PurseReader, type PurseContents } from './purse-reader.js';
import type { Purse } from './purse.js';

/** Gets the credits that blocks are made of. */
@Injectable()
export class BlockFunds {
  constructor(
    private readonly opener: AccountOpener,
    private readonly purses: PurseReader,
    private readonly book: BlockBook,
    private readonly keeper: BlockKeeper,
    private readonly recall: BlockRecall,
  ) {}

  /**
   * Sees to it that the purse's block has so much free. Idle credits of other blocks are called back before it is refused. To
   * be called in the purse's turn.
   * @throws insufficient_credits, key_spend_limit_reached, account_frozen
   */
  async obtain(purse: Purse, neededMicro: number): Promise<void> {
    await this.opener.open(purse.userId, 'spend');
    const contents = await this.purses.read(purse);
    if (await this.fill(purse, contents, neededMicro)) return;
    const missingMicro = this.missing(purse, neededMicro);
    const mayCome = !contents.isFrozen && (await this.recall.gather(purse, missingMicro));
    if (mayCome && (await this.fill(purse, await this.purses.read(purse), neededMicro))) return;
    throw await this.purses.refusal(purse, neededMicro, neededMicro - this.missing(purse, neededMicro));
  }

  /** False when the purse cannot; as a rule that is found out without a transaction. */
  private async fill(
    purse: Purse,
    { isFrozen, availableMicro }: PurseContents,
    neededMicro: number,
  ): Promise<boolean> {
    const missingMicro = this.missing(purse, neededMicro);
    if (missingMicro > 0 && (isFrozen || availableMicro < missingMicro)) return false;
    const block = this.book.find(purse.id);
    const wantedMicro = blockSize(missingMicro, availableMicro);
    if (!block) return this.open(purse, wantedMicro, missingMicro);
    const outcome = await this.keeper.refill(block, wantedMicro, missingMicro);
    if (outcome !== 'lost') return outcome === 'filled';
    this.book.lose(block);
    return this.open(purse, Math.max(wantedMicro, neededMicro), neededMicro);
  }

  private async open(purse: Purse, wantedMicro: number, leastMicro: number): Promise<boolean> {
    for (const amountMicro of new Set([wantedMicro, leastMicro])) {
      if (await this.tryToOpen(purse, amountMicro)) return true;
    }
    return false;
  }

  private async tryToOpen(purse: Purse, amountMicro: number): Promise<boolean> {
    try {
      this.book.add(await this.keeper.open(purse, amountMicro));
      return true;
    } catch (error) {
      if (isDomainError(error, 'insufficient_credits')) return false;
      if (isDomainError(error, 'key_spend_limit_reached')) return false;
      throw error;
    }
  }

  private missing({ id }: Purse, neededMicro: number): number {
    return Math.max(0, neededMicro - Math.max(0, this.book.find(id)?.freeMicro ?? 0));
  }
}
