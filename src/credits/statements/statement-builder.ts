import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { invalidMonth, statementNotFound } from '../credits.errors.js';
import type { CreditEntry } from '../ledger/entry.entity.js';
import { userAccount } from '../ledger/transfer-codes.js';
import { TransferRepository } from '../ledger/transfer.repository.js';
import { StatementRepository } from './statement.repository.js';
import type { Statement } from './statement.js';

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** Makes statements from the ledger's own entries; nothing is stored, so a statement always says what the ledger says. */
@Injectable()
export class StatementBuilder {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly transfers: TransferRepository,
    private readonly statements: StatementRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * @param month `YYYY-MM`, the current one included
   * @throws DomainError 422 `invalid_input`, 404 `statement_not_found` for a month that has not begun
   */
  async build(userId: string, month: string): Promise<Statement> {
    const [, year, number] = MONTH.exec(month) ?? [];
    if (year === undefined) throw invalidMonth();
    const from = Date.UTC(Number(year), Number(number) - 1);
    const to = Date.UTC(Number(year), Number(number));
    const now = this.clock.now();
    if (from > now) throw statementNotFound();
    const account = userAccount(userId);
    const [before, last] = [await this.lastBefore(account, from), await this.lastBefore(account, to)];
    const range = { account, afterSeq: before?.seq ?? 0, throughSeq: last?.seq ?? 0 };
    const openingMicro = before?.balanceAfterMicro ?? 0;
    const closingMicro = last?.balanceAfterMicro ?? openingMicro;
    const lines = await this.statements.lines(range);
    return { userId, month, from, to, isFinal: to <= now, openingMicro, closingMicro, lines };
  }

  private lastBefore(account: string, instant: number): Promise<CreditEntry | null> {
    return this.transfers.lastEntryBefore(account, instant, this.unitOfWork.manager);
  }
}
