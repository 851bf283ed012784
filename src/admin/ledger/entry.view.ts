import { creditsFromMicro } from '../../common/money.js';
import type { LedgerPage, LedgerRow } from '../../credits/ledger/entry-history.service.js';

/** One side of a movement of credits. */
export class EntryView {
  id: string;
  transfer_id: string;
  /** `user:{id}` or an account of the platform. */
  account: string;
  /** Number of the entry in a user's account. */
  seq: number | null;
  code: string;
  /** Positive into the account. */
  amount_credits: number;
  /** What a user's account has after it. */
  balance_after_credits: number | null;
  reference: string | null;
  reason: string | null;
  actor_id: string | null;
  request_id: string | null;
  hold_id: string | null;
  idempotency_key: string;
  /** When it happened. */
  event_at: string;
  /** When it was written. */
  created_at: string;
  /** SHA-256 that chains a user's entries. */
  hash: string | null;

  static from({ entry, transfer }: LedgerRow): EntryView {
    const { balanceAfterMicro } = entry;
    return {
      id: entry.id,
      transfer_id: transfer.id,
      account: entry.account,
      seq: entry.seq,
      code: transfer.code,
      amount_credits: creditsFromMicro(entry.amountMicro),
      balance_after_credits: balanceAfterMicro === null ? null : creditsFromMicro(balanceAfterMicro),
      reference: transfer.reference,
      reason: transfer.reason,
      actor_id: transfer.actorId,
      request_id: transfer.requestId,
      hold_id: transfer.holdId,
      idempotency_key: transfer.idempotencyKey,
      event_at: new Date(transfer.eventAt).toISOString(),
      created_at: new Date(entry.createdAt).toISOString(),
      hash: entry.hash,
    };
  }
}

export class EntryListView {
  entries: EntryView[];
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;

  static from({ rows, nextCursor }: LedgerPage): EntryListView {
    return { entries: rows.map((row) => EntryView.from(row)), next_cursor: nextCursor };
  }
}
