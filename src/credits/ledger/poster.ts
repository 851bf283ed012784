import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { inputHash } from '../../database/input-hash.js';
import {
  accountFrozen,
  holdExceeded,
  holdNotOpen,
  idempotencyMismatch,
  insufficientCredits,
} from '../credits.errors.js';
import { spendableOf, type CreditAccount } from './account.entity.js';
import { AccountRepository } from './account.repository.js';
import { CreditEntry } from './entry.entity.js';
import { HoldRepository } from './hold.repository.js';
import { entryHash } from './ledger-hash.js';
import { ruleOf, userAccount, type PlatformAccount, type TransferCode } from './transfer-codes.js';
import type { CreditTransfer } from './transfer.entity.js';
import { TransferRepository } from './transfer.repository.js';

/** What to post. The same key with the same user, amount, code, sides, hold and reference is the same posting. */
export interface Posting {
  userId: string;
  /** Seen from the user: positive in, negative out, never zero. */
  amountMicro: number;
  code: TransferCode;
  /** Unique per user, for ever. */
  idempotencyKey: string;
  /** Instead of the code's usual other side. */
  counterAccount?: PlatformAccount;
  /** Pays from this open hold; only for amounts out. */
  holdId?: string;
  reference?: string;
  reason?: string;
  actorId?: string;
  requestId?: string;
  /** Epoch ms when it happened; default now. */
  eventAt?: number;
}

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
    requireFittingAmount(posting);
    const transfer = this.transferOf(posting);
    const standing = await this.transfers.claimKey(transfer, manager);
    if (standing.inputHash !== transfer.inputHash) throw idempotencyMismatch();
    if (standing.id !== transfer.id) return { transferId: standing.id, isReplay: true };
    await this.move(posting, manager);
    await this.append(posting, transfer, manager);
    return { transferId: transfer.id, isReplay: false };
  }

  private transferOf(posting: Posting): CreditTransfer {
    const now = this.clock.now();
    return {
      id: newId(),
      account: userAccount(posting.userId),
      idempotencyKey: posting.idempotencyKey,
      inputHash: inputHashOf(posting),
      code: posting.code,
      holdId: posting.holdId ?? null,
      reference: posting.reference ?? null,
      reason: posting.reason ?? null,
      actorId: posting.actorId ?? null,
      requestId: posting.requestId ?? null,
      eventAt: posting.eventAt ?? now,
      createdAt: now,
    };
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
    const entries = entriesOf(posting, transfer, account);
    await this.transfers.insertEntries(entries, manager);
    await this.accounts.setLastHash(account.id, entries[0].hash ?? '', manager);
  }
}

/** Why an account refuses to spend `amount`. */
export function refusalOf(account: CreditAccount, amount: number): Error {
  if (account.isFrozen) return accountFrozen();
  return insufficientCredits(amount, spendableOf(account));
}

function inputHashOf(posting: Posting): string {
  const { userId, amountMicro, code, holdId = null, reference = null } = posting;
  return inputHash([userId, amountMicro, code, counterAccountOf(posting), holdId, reference]);
}

function counterAccountOf({ counterAccount, code }: Posting): PlatformAccount {
  return counterAccount ?? ruleOf(code).counterAccount;
}

function requireFittingAmount({ amountMicro, code, holdId }: Posting): void {
  const { direction } = ruleOf(code);
  const actual = amountMicro > 0 ? 'in' : 'out';
  const isFitting = direction === 'either' || direction === actual;
  if (Number.isSafeInteger(amountMicro) && amountMicro !== 0 && isFitting && !(holdId && actual === 'in'))
    return;
  throw new RangeError(`${code} cannot post ${amountMicro}`);
}

/** Two sides that add up to zero; `account` is as the movement has left it. */
function entriesOf(posting: Posting, transfer: CreditTransfer, account: CreditAccount): CreditEntry[] {
  const { id: transferId, createdAt } = transfer;
  const { amountMicro } = posting;
  const unchained = { seq: null, balanceAfterMicro: null, usedAfterMicro: null, prevHash: null, hash: null };
  const platform: CreditEntry = {
    ...unchained,
    id: `${transferId}:1`,
    transferId,
    account: counterAccountOf(posting),
    amountMicro: -amountMicro,
    createdAt,
  };
  const user: CreditEntry = {
    id: `${transferId}:0`,
    transferId,
    account: transfer.account,
    amountMicro,
    seq: account.seq,
    balanceAfterMicro: account.postedMicro,
    usedAfterMicro: account.usedMicro,
    prevHash: account.lastHash,
    hash: null,
    createdAt,
  };
  user.hash = entryHash(user, transfer, [user, platform]);
  return [user, platform];
}
