import type { TransferCode } from '../ledger/transfer-codes.js';

/** One line of a statement: a single movement, or all of one kind that belong together. Micro-credits. */
export interface StatementLine {
  code: TransferCode;
  /** Epoch ms of the first and the last movement. */
  firstAt: number;
  lastAt: number;
  /** A rental's id, a payment's, a day… */
  reference: string | null;
  /** An operator's words. */
  reason: string | null;
  /** Movements in it. */
  count: number;
  /** Positive in, negative out. */
  amountMicro: number;
}

/** A calendar month (UTC) of an account. Opening balance + all lines = closing balance, to the micro-credit. */
export interface Statement {
  userId: string;
  /** `YYYY-MM`. */
  month: string;
  from: number;
  /** Exclusive. */
  to: number;
  /** False while the month goes on. */
  isFinal: boolean;
  openingMicro: number;
  closingMicro: number;
  lines: StatementLine[];
}
