import { creditsFromMicro } from '../../common/money.js';
import type { LedgerOverview } from '../../credits/ledger/ledger-report.js';

/** The ledger in numbers; amounts in credits. */
export class LedgerStatsView {
  accounts: number;
  frozen_accounts: number;
  entries: number;
  open_holds: number;
  /** What all users together have, and how much of it is held. */
  posted_credits: number;
  held_credits: number;
  /** Usage charged since the beginning. */
  used_credits: number;
  /** What each account of the platform has taken in (positive) or given out (negative). */
  platform_credits: Record<string, number>;

  static from(overview: LedgerOverview): LedgerStatsView {
    const platform = Object.entries(overview.platformMicro);
    return {
      accounts: overview.accounts,
      frozen_accounts: overview.frozenAccounts,
      entries: overview.entries,
      open_holds: overview.openHolds,
      posted_credits: creditsFromMicro(overview.postedMicro),
      held_credits: creditsFromMicro(overview.heldMicro),
      used_credits: creditsFromMicro(overview.usedMicro),
      platform_credits: Object.fromEntries(
        platform.map(([account, micro]) => [account, creditsFromMicro(micro)]),
      ),
    };
  }
}

/** The whole installation in numbers. */
export class StatsView {
  users: number;
  /** Proxied requests that are kept. */
  requests: number;
  /** Rentals by state. */
  rentals: Record<string, number>;
  ledger: LedgerStatsView;
}
