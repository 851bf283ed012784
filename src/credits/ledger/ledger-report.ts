import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditAccount } from './account.entity.js';
import { CreditEntry } from './entry.entity.js';
import { CreditHold } from './hold.entity.js';

/** The ledger in numbers; amounts in micro-credits. */
export interface LedgerOverview {
  accounts: number;
  frozenAccounts: number;
  /** Sum of all users' balances. */
  postedMicro: number;
  heldMicro: number;
  /** Usage charged since the beginning. */
  usedMicro: number;
  openHolds: number;
  entries: number;
  /** What each account of the platform has taken in (positive) or given out (negative). */
  platformMicro: Record<string, number>;
}

type Row = Record<string, string | number | null>;

/** Sums for statistics. They read whole tables: not for anything that callers can repeat quickly. */
@Injectable()
export class LedgerReport {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async overview(): Promise<LedgerOverview> {
    const { manager } = this.unitOfWork;
    const [totals, platform, openHolds, entries] = await Promise.all([
      this.accountTotals(),
      this.platformTotals(),
      manager.countBy(CreditHold, { state: 'open' }),
      manager.count(CreditEntry),
    ]);
    const platformMicro = Object.fromEntries(platform.map((row) => [String(row.account), Number(row.total)]));
    return { ...totals, openHolds, entries, platformMicro };
  }

  private async accountTotals(): Promise<Omit<LedgerOverview, 'openHolds' | 'entries' | 'platformMicro'>> {
    const row = await this.unitOfWork.manager
      .createQueryBuilder(CreditAccount, 'account')
      .select('COUNT(*)', 'accounts')
      .addSelect('SUM(CASE WHEN account.isFrozen = true THEN 1 ELSE 0 END)', 'frozen')
      .addSelect('SUM(account.postedMicro)', 'posted')
      .addSelect('SUM(account.heldMicro)', 'held')
      .addSelect('SUM(account.usedMicro)', 'used')
      .getRawOne<Row>();
    return {
      accounts: Number(row?.accounts ?? 0),
      frozenAccounts: Number(row?.frozen ?? 0),
      postedMicro: Number(row?.posted ?? 0),
      heldMicro: Number(row?.held ?? 0),
      usedMicro: Number(row?.used ?? 0),
    };
  }

  private platformTotals(): Promise<Row[]> {
    return this.unitOfWork.manager
      .createQueryBuilder(CreditEntry, 'entry')
      .select('entry.account', 'account')
      .addSelect('SUM(entry.amountMicro)', 'total')
      .where('entry.seq IS NULL')
      .groupBy('entry.account')
      .getRawMany<Row>();
  }
}
