import { creditsFromMicro } from '../common/money.js';
import type { Balance } from './ledger/balance.js';

/**
 * The account of the caller. Always credits_total - credits_used - credits_held = credits_remaining -
 * credits_overage, and one of the latter two is zero. Amounts in credits, at most 6 decimals; the same as whole
 * micro-credits in the `_micros` texts.
 */
export class CreditsView {
  /** What can be spent now. */
  credits_remaining: number;
  /** Allocated in this calendar month (UTC): what it began with, plus purchases and grants, less refunds. */
  credits_total: number;
  /** Spent beyond what was allocated. */
  credits_overage: number;
  /** Most overage allowed; 0 = prepaid. */
  credits_cap: number;
  credits_auto_renew: boolean;
  /** Set aside for what runs now. */
  credits_held: number;
  /** Charged in this calendar month (UTC). */
  credits_used: number;
  credits_remaining_micros: string;
  credits_total_micros: string;
  credits_overage_micros: string;
  credits_cap_micros: string;
  credits_held_micros: string;
  credits_used_micros: string;

  static from(balance: Balance): CreditsView {
    return {
      credits_remaining: creditsFromMicro(balance.remainingMicro),
      credits_total: creditsFromMicro(balance.totalMicro),
      credits_overage: creditsFromMicro(balance.overageMicro),
      credits_cap: creditsFromMicro(balance.capMicro),
      credits_auto_renew: balance.hasAutoRenew,
      credits_held: creditsFromMicro(balance.heldMicro),
      credits_used: creditsFromMicro(balance.usedMicro),
      credits_remaining_micros: String(balance.remainingMicro),
      credits_total_micros: String(balance.totalMicro),
      credits_overage_micros: String(balance.overageMicro),
      credits_cap_micros: String(balance.capMicro),
      credits_held_micros: String(balance.heldMicro),
      credits_used_micros: String(balance.usedMicro),
    };
  }
}
