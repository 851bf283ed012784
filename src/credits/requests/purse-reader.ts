import { Injectable } from '@nestjs/common';
import type { DomainError } from '../../common/domain-error.js';
import { accountFrozen, insufficientCredits, keySpendLimitReached } from '../credits.errors.js';
import { spendableOf } from '../ledger/account.entity.js';
import { AccountRepository } from '../ledger/account.repository.js';
import { KeyBudgetRepository } from './key-budget.repository.js';
import type { Purse } from './purse.js';

/** What the database says of a purse. */
export interface PurseContents {
  isFrozen: boolean;
  /** What more could be held. */
  availableMicro: number;
  /** It is the key's limit that allows no more. */
  isLimitReached: boolean;
}

/** Looks into purses. */
@Injectable()
export class PurseReader {
  constructor(
    private readonly accounts: AccountRepository,
    private readonly budgets: KeyBudgetRepository,
  ) {}

  async read({ userId, limit }: Purse): Promise<PurseContents> {
    const account = await this.accounts.find(userId);
    if (!account) throw new Error(`the credit account of ${userId} is gone`);
    const { isFrozen } = account;
    const spendable = spendableOf(account);
    if (!limit) return { isFrozen, availableMicro: spendable, isLimitReached: false };
    const left = Math.max(0, limit.limitMicro - (await this.budgets.committedOf(limit.id)));
    return { isFrozen, availableMicro: Math.min(spendable, left), isLimitReached: left < spendable };
  }

  /** Why so much cannot be held. @param ownFreeMicro what the asking process has left beside it */
  async refusal(purse: Purse, neededMicro: number, ownFreeMicro: number): Promise<DomainError> {
    const { isFrozen, availableMicro, isLimitReached } = await this.read(purse);
    if (isFrozen) return accountFrozen();
    if (purse.limit && isLimitReached) return keySpendLimitReached(purse.limit.limitMicro);
    return insufficientCredits(neededMicro, availableMicro + ownFreeMicro);
  }
}
