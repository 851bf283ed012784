import { Injectable } from '@nestjs/common';
import type { CreditAccount } from './account.entity.js';
import { AccountRepository } from './account.repository.js';
import { ChainCheck, type LedgerBreak } from './chain-check.js';
import { LedgerFindingsRepository } from './ledger-findings.repository.js';
import { userAccount } from './transfer-codes.js';
import { TransferRepository } from './transfer.repository.js';

const ACCOUNTS_PER_PAGE = 200;
const ENTRIES_PER_PAGE = 500;

export type LedgerVerdict =
  | { isIntact: true; accounts: number; entries: number }
  | { isIntact: false; accounts: number; entries: number; firstBreak: LedgerBreak };

/**
 * Recomputes the whole ledger: every account's sequence, balances and hash chain, both sides of every transfer,
 * holds against accounts and charges, credits that were sold against their dollars. It may run beside postings: an account is checked up to the entry that it had
 * when it was read.
 */
@Injectable()
export class LedgerVerifier {
  constructor(
    private readonly accounts: AccountRepository,
    private readonly transfers: TransferRepository,
    private readonly findings: LedgerFindingsRepository,
  ) {}

  async verify(): Promise<LedgerVerdict> {
    const count = { accounts: 0, entries: 0 };
    const firstBreak = (await this.checkAccounts(count)) ?? (await this.checkTotals());
    return firstBreak ? { isIntact: false, ...count, firstBreak } : { isIntact: true, ...count };
  }

  /** The chain and the balances of one account; undefined = intact, also when there is no account. */
  async verifyAccount(userId: string): Promise<LedgerBreak | undefined> {
    const account = await this.accounts.find(userId);
    return account ? this.checkAccount(account) : undefined;
  }

  private async checkAccounts(count: {
    accounts: number;
    entries: number;
  }): Promise<LedgerBreak | undefined> {
    for (let page = await this.page(''); page.length > 0; page = await this.page(page.at(-1)?.id ?? '')) {
      for (const account of page) {
        const found = await this.checkAccount(account);
        if (found) return found;
        count.accounts++;
        count.entries += account.seq;
      }
    }
    return undefined;
  }

  private page(afterId: string): Promise<CreditAccount[]> {
    return this.accounts.pageAfter(afterId, ACCOUNTS_PER_PAGE);
  }

  private async checkAccount(account: CreditAccount): Promise<LedgerBreak | undefined> {
    const check = new ChainCheck(account);
    while (check.isUnfinished()) {
      const entries = await this.transfers.entriesAfter(userAccount(account.id), check.seq, ENTRIES_PER_PAGE);
      const ids = entries.map((entry) => entry.transferId);
      const [transfers, legs] = await Promise.all([
        this.transfers.transfersById(ids),
        this.transfers.legsOf(ids),
      ]);
      const found = check.readPage(entries, transfers, legs);
      if (found) return found;
    }
    return check.finish();
  }

  private async checkTotals(): Promise<LedgerBreak | undefined> {
    const transferId = await this.findings.unbalancedTransfer();
    if (transferId) return { transferId, problem: 'the sides of the transfer do not add up to zero' };
    const mixedId = await this.findings.transferBetweenLedgers();
    if (mixedId) return { transferId: mixedId, problem: 'the sides of the transfer are of two ledgers' };
    const userId = await this.findings.accountWithWrongHeld();
    if (userId) return { account: userAccount(userId), problem: 'held is not what the open holds have left' };
    const holdId = await this.findings.holdWithWrongCharges();
    if (holdId) return { holdId, problem: 'charged is not the sum of the transfers of the hold' };
    const reference = await this.findings.paymentWithOtherDollars();
    if (reference) return { reference, problem: 'the credits of the payment are not as many as its dollars' };
    const entryId = await this.findings.entryBeyondAccount();
    if (entryId) return { transferId: entryId.split(':')[0], problem: 'the account does not know the entry' };
    return undefined;
  }
}
