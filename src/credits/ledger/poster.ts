import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import {
  accountFrozen,
  holdExceeded,
  holdNotOpen,
  idempotencyMismatch,
  insufficientCredits,
} from '../credits.errors.js';
import { spendableOf, type CreditAccount } from './account.entity.js';
import { AccountRepository } from './account.repository.js';
import { HoldRepository } from './hold.repository.js';
import { entriesFor, transferFor, type Posting } from './posting-rows.js';
import { ruleOf } from './transfer-codes.js';
import type { CreditTransfer } from './transfer.entity.js';
import { TransferRepository } from './transfer.repository.js';

export type { Posting } from './posting-rows.js';

export interface Posted {
  transferId: string;
  /** The key had been posted before; nothing was done. */
  isReplay: boolean;
}

/**
 * Writes transfers, inside the caller's transaction. Rows are taken in one order everywhere (a domain row of the
 * caller, transfer key, hold, account), so that two postings never wait for each other in a circle.
 */
@Injectable()
export class Poster {
  constructor(
    private readonly transfers: TransferRepository,
    private readonly accounts: AccountRepository,
    private readonly holds: HoldRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws insufficient_credits, account_frozen (amounts out that may not pass the floor), hold_not_open,
   *   hold_exceeded, idempotency_mismatch; RangeError for an amount that is zero or has the wrong sign for its code
   */
  async post(posting: Posting, manager: EntityManager): Promise<Posted> {
    const transfer = transferFor(posting, this.clock.now());
    const standing = await this.transfers.claimKey(transfer, manager);
    if (standing.inputHash !== transfer.inputHash) throw idempotencyMismatch();
    if (standing.id !== transfer.id) return { transferId: standing.id, isReplay: true };
    await this.move(posting, manager);
    await this.append(posting, transfer, manager);
    return { transferId: transfer.id, isReplay: false };
  }

  private async move(posting: Posting, manager: EntityManager): Promise<void> {
    const { userId, amountMicro, holdId, code } = posting;
    const amount = Math.abs(amountMicro);
    const used = ruleOf(code).isUsage ? -amountMicro : 0;
    if (holdId) return this.capture(holdId, userId, amount, used, manager);
    if (amountMicro > 0) await this.accounts.credit(userId, amount, used, manager);
    else if (ruleOf(code).mayPassFloor) await this.accounts.force(userId, amount, manager);
    else if (!(await this.accounts.debit(userId, amount, used, manager)))
      throw refusalOf(await this.accounts.get(userId, manager), amount);
  }

  private async capture(
    holdId: string,
    userId: string,
    amount: number,
    used: number,
    manager: EntityManager,
  ): Promise<void> {
    if (!(await this.holds.capture(holdId, amount, manager))) {
      const hold = await this.holds.find(holdId, manager);
      throw hold?.state === 'open' ? holdExceeded() : holdNotOpen();
    }
    await this.accounts.capture(userId, amount, used, manager);
  }

  /** The account's row is locked by now, so its sequence and chain are ours to continue. */
  private async append(posting: Posting, transfer: CreditTransfer, manager: EntityManager): Promise<void> {
    const account = await this.accounts.get(posting.userId, manager);
    const entries = entriesFor(posting, transfer, account);
    await this.transfers.insertEntries(entries, manager);
    await this.accounts.setLastHash(account.id, entries[0].hash, manager);
  }
}

/** Why an account refuses to spend `amount`. */
export function refusalOf(account: CreditAccount, amount: number): Error {
  if (account.isFrozen) return accountFrozen();
  return insufficientCredits(amount, spendableOf(account));
}
