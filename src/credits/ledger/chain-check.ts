import type { CreditAccount } from './account.entity.js';
import type { CreditEntry } from './entry.entity.js';
import { entryHash, GENESIS_HASH } from './ledger-hash.js';
import { isUsage, userAccount } from './transfer-codes.js';
import type { CreditTransfer } from './transfer.entity.js';

/** The first thing found wrong. */
export interface LedgerBreak {
  /** `user:{id}`, when one account is meant. */
  account?: string;
  /** The entry's number in the account, when one entry is meant. */
  seq?: number;
  transferId?: string;
  holdId?: string;
  /** A payment's id. */
  reference?: string;
  problem: string;
}

/** Follows one account's entries from the first to the one that the account names as its last. */
export class ChainCheck {
  seq = 0;
  private balance = 0;
  private used = 0;
  private hash = GENESIS_HASH;
  private readonly name: string;

  constructor(private readonly account: CreditAccount) {
    this.name = userAccount(account.id);
  }

  isUnfinished(): boolean {
    return this.seq < this.account.seq;
  }

  /** Reads the next entries, with their transfers and both sides of these. */
  readPage(
    entries: readonly CreditEntry[],
    transfers: readonly CreditTransfer[],
    legs: readonly CreditEntry[],
  ): LedgerBreak | undefined {
    if (entries.length === 0) return this.broken(this.seq + 1, 'the entry is missing');
    const transferById = new Map(transfers.map((transfer) => [transfer.id, transfer]));
    const legsById = groupByTransfer(legs);
    for (const entry of entries) {
      if (!this.isUnfinished()) break;
      const transfer = transferById.get(entry.transferId);
      const problem = this.readEntry(entry, transfer, legsById.get(entry.transferId) ?? []);
      if (problem) return this.broken(this.seq + 1, problem, entry.transferId);
      this.seq++;
    }
    return undefined;
  }

  /** What the account's row says must be where its entries lead. */
  finish(): LedgerBreak | undefined {
    const { postedMicro, usedMicro, lastHash } = this.account;
    if (postedMicro !== this.balance)
      return this.broken(this.seq, 'the posted balance is not the last entry’s');
    if (usedMicro !== this.used) return this.broken(this.seq, 'the usage is not the last entry’s');
    if (lastHash !== this.hash) return this.broken(this.seq, 'the chain ends elsewhere');
    return undefined;
  }

  private readEntry(
    entry: CreditEntry,
    transfer: CreditTransfer | undefined,
    legs: readonly CreditEntry[],
  ): string | undefined {
    if (entry.seq !== this.seq + 1) return 'the entry is missing';
    if (!transfer) return 'the transfer is missing';
    this.balance += entry.amountMicro;
    if (isUsage(transfer.code)) this.used -= entry.amountMicro;
    if (entry.balanceAfterMicro !== this.balance) return 'the balance is wrong';
    if (entry.usedAfterMicro !== this.used) return 'the usage is wrong';
    if (entry.prevHash !== this.hash) return 'the chain to the entry before is broken';
    if (entry.hash !== entryHash(entry, transfer, legs)) return 'the hash is wrong';
    this.hash = entry.hash;
    return undefined;
  }

  private broken(seq: number, problem: string, transferId?: string): LedgerBreak {
    return { account: this.name, seq, transferId, problem };
  }
}

function groupByTransfer(legs: readonly CreditEntry[]): Map<string, CreditEntry[]> {
  const groups = new Map<string, CreditEntry[]>();
  for (const leg of legs) groups.set(leg.transferId, [...(groups.get(leg.transferId) ?? []), leg]);
  return groups;
}
