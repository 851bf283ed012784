import { Injectable } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import { accountFrozen, insufficientCredits } from '../credits.errors.js';
import { spendableOf, type CreditAccount } from '../ledger/account.entity.js';
import { AccountOpener } from '../ledger/account-opener.js';
import { AccountRepository } from '../ledger/account.repository.js';
import { BlockBook } from './block-book.js';
import { BlockKeeper } from './block-keeper.js';
import { BlockRecall } from './block-recall.js';
import { blockSize } from './block-size.js';

/** Gets the credits that blocks are made of. */
@Injectable()
export class BlockFunds {
  constructor(
    private readonly opener: AccountOpener,
    private readonly accounts: AccountRepository,
    private readonly book: BlockBook,
    private readonly keeper: BlockKeeper,
    private readonly recall: BlockRecall,
  ) {}

  /**
   * Sees to it that the user's block has so much free. Idle credits of other processes are called back before it is refused. To
   * be called in the user's turn.
   * @throws insufficient_credits, account_frozen
   */
  async obtain(userId: string, neededMicro: number): Promise<void> {
    await this.opener.open(userId, 'spend');
    const account = await this.read(userId);
    if (await this.fill(account, neededMicro)) return;
    const missingMicro = this.missing(userId, neededMicro);
    const mayCome = !account.isFrozen && (await this.recall.gather(userId, missingMicro));
    if (mayCome && (await this.fill(await this.read(userId), neededMicro))) return;
    throw await this.refusal(userId, neededMicro);
  }

  /** False when the account cannot; as a rule that is found out without a transaction. */
  private async fill(account: CreditAccount, neededMicro: number): Promise<boolean> {
    const { id: userId } = account;
    const missingMicro = this.missing(userId, neededMicro);
    const available = spendableOf(account);
    if (missingMicro > 0 && (account.isFrozen || available < missingMicro)) return false;
    const block = this.book.find(userId);
    const wantedMicro = blockSize(missingMicro, available);
    if (!block) return this.open(userId, wantedMicro, missingMicro);
    const outcome = await this.keeper.refill(block, wantedMicro, missingMicro);
    if (outcome !== 'lost') return outcome === 'filled';
    this.book.lose(block);
    return this.open(userId, Math.max(wantedMicro, neededMicro), neededMicro);
  }

  private async open(userId: string, wantedMicro: number, leastMicro: number): Promise<boolean> {
    for (const amountMicro of new Set([wantedMicro, leastMicro])) {
      if (await this.tryToOpen(userId, amountMicro)) return true;
    }
    return false;
  }

  private async tryToOpen(userId: string, amountMicro: number): Promise<boolean> {
    try {
      this.book.add(await this.keeper.open(userId, amountMicro));
      return true;
    } catch (error) {
      if (isDomainError(error, 'insufficient_credits')) return false;
      throw error;
    }
  }

  private missing(userId: string, neededMicro: number): number {
    return Math.max(0, neededMicro - Math.max(0, this.book.find(userId)?.freeMicro ?? 0));
  }

  private async read(userId: string): Promise<CreditAccount> {
    const account = await this.accounts.find(userId);
    if (!account) throw new Error(`the credit account of ${userId} is gone`);
    return account;
  }

  private async refusal(userId: string, neededMicro: number): Promise<Error> {
    const account = await this.read(userId);
    if (account.isFrozen) return accountFrozen();
    const ownFree = neededMicro - this.missing(userId, neededMicro);
    return insufficientCredits(neededMicro, spendableOf(account) + ownFree);
  }
}
