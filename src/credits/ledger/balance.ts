import type { CreditAccount } from './account.entity.js';

/**
 * An account as it stands; micro-credits. Derived from posted, held and the usage of the current period (the
 * calendar month, UTC), so that always total - used - held = remaining - overage, and one of the latter is zero.
 */
export interface Balance {
  userId: string;
  /** Allocated in the period: what it began with, plus purchases, grants and renewals, less refunds and chargebacks. */
  totalMicro: number;
  /** Usage charged in the period. */
  usedMicro: number;
  heldMicro: number;
  remainingMicro: number;
  overageMicro: number;
  /** Most overage allowed. */
  capMicro: number;
  /** What a new hold or debit may take: posted - held + cap; negative when the overage is beyond the cap. */
  spendableMicro: number;
  forcedDebtMicro: number;
  isFrozen: boolean;
  hasAutoRenew: boolean;
  /** Entries posted to the account so far. */
  seq: number;
}

/** @param usedBeforeMicro usage charged before the current period */
export function balanceFrom(account: CreditAccount, usedBeforeMicro: number): Balance {
  const { postedMicro, heldMicro, capMicro, forcedDebtMicro, isFrozen, hasAutoRenew, seq } = account;
  const usedMicro = account.usedMicro - usedBeforeMicro;
  const available = postedMicro - heldMicro;
  return {
    userId: account.id,
    totalMicro: postedMicro + usedMicro,
    usedMicro,
    heldMicro,
    remainingMicro: Math.max(0, available),
    overageMicro: Math.max(0, -available),
    capMicro,
    spendableMicro: available + capMicro,
    forcedDebtMicro,
    isFrozen,
    hasAutoRenew,
    seq,
  };
}

/** The first instant of the calendar month (UTC). */
export function periodStart(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}
