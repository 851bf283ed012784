import type { LedgerVerdict } from '../../credits/ledger/ledger-verifier.js';

/** The first thing found wrong. */
export class LedgerBreakView {
  account: string | null;
  seq: number | null;
  transfer_id: string | null;
  hold_id: string | null;
  /** A payment's id. */
  reference: string | null;
  problem: string;
}

/** Whether the ledger, computed anew from its first entry, is what it says it is. */
export class VerdictView {
  is_intact: boolean;
  /** Accounts and entries that were found in order. */
  accounts: number;
  entries: number;
  first_break: LedgerBreakView | null;

  static from(verdict: LedgerVerdict): VerdictView {
    const { isIntact: is_intact, accounts, entries } = verdict;
    if (verdict.isIntact) return { is_intact, accounts, entries, first_break: null };
    const { account = null, seq = null, transferId, holdId, reference = null, problem } = verdict.firstBreak;
    const rows = { transfer_id: transferId ?? null, hold_id: holdId ?? null, reference };
    const first_break = { account, seq, ...rows, problem };
    return { is_intact, accounts, entries, first_break };
  }
}
