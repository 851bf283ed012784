import { creditsFromMicro } from '../../common/money.js';
import type { TransferCode } from '../ledger/transfer-codes.js';
import { LINE_TITLES } from './line-text.js';
import type { Statement, StatementLine } from './statement.js';

/** A movement, or all the charges of one rental, or all requests of a day. */
export class StatementLineView {
  code: TransferCode;
  title: string;
  /** What it is about, e.g. a rental's id. */
  reference: string | null;
  reason: string | null;
  from: string;
  to: string;
  /** Movements in it. */
  count: number;
  /** Positive in, negative out. */
  amount_credits: number;

  static from(line: StatementLine): StatementLineView {
    return {
      code: line.code,
      title: LINE_TITLES[line.code],
      reference: line.reference,
      reason: line.reason,
      from: new Date(line.firstAt).toISOString(),
      to: new Date(line.lastAt).toISOString(),
      count: line.count,
      amount_credits: creditsFromMicro(line.amountMicro),
    };
  }
}

/** An account's calendar month (UTC). opening_balance + all amounts = closing_balance. 1 credit = 1 USD. */
export class StatementView {
  month: string;
  from: string;
  /** Exclusive. */
  to: string;
  /** False while the month goes on. */
  is_final: boolean;
  opening_balance: number;
  closing_balance: number;
  lines: StatementLineView[];

  static from(statement: Statement): StatementView {
    return {
      month: statement.month,
      from: new Date(statement.from).toISOString(),
      to: new Date(statement.to).toISOString(),
      is_final: statement.isFinal,
      opening_balance: creditsFromMicro(statement.openingMicro),
      closing_balance: creditsFromMicro(statement.closingMicro),
      lines: statement.lines.map((line) => StatementLineView.from(line)),
    };
  }
}
