import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditEntry } from '../ledger/entry.entity.js';
import { CreditTransfer } from '../ledger/transfer.entity.js';
import type { TransferCode } from '../ledger/transfer-codes.js';
import type { StatementLine } from './statement.js';

const DAY_MS = 86_400_000;

/** An account's entries after one number and up to another. */
export interface EntryRange {
  account: string;
  afterSeq: number;
  throughSeq: number;
}

type Row = Record<
  'code' | 'reference' | 'reason' | 'firstAt' | 'lastAt' | 'count' | 'amount',
  string | number
>;

/**
 * Lines of statements. GPU use is one line per rental, requests are one per day, everything else is a line of its
 * own.
 */
@Injectable()
export class StatementRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async lines(range: EntryRange): Promise<StatementLine[]> {
    const day = `CASE WHEN transfer.code = 'request_usage' THEN entry.createdAt / ${DAY_MS} ELSE 0 END`;
    const single = `CASE WHEN transfer.code IN ('gpu_usage', 'request_usage', 'usage_refund') THEN '' ELSE entry.id END`;
    const rows = await this.unitOfWork.manager
      .createQueryBuilder(CreditEntry, 'entry')
      .innerJoin(CreditTransfer, 'transfer', 'transfer.id = entry.transferId')
      .select('transfer.code', 'code')
      .addSelect('transfer.reference', 'reference')
      .addSelect('transfer.reason', 'reason')
      .addSelect('MIN(transfer.eventAt)', 'firstAt')
      .addSelect('MAX(transfer.eventAt)', 'lastAt')
      .addSelect('COUNT(*)', 'count')
      .addSelect('SUM(entry.amountMicro)', 'amount')
      .where('entry.account = :account AND entry.seq > :afterSeq AND entry.seq <= :throughSeq', range)
      .groupBy('transfer.code')
      .addGroupBy('transfer.reference')
      .addGroupBy('transfer.reason')
      .addGroupBy(day)
      .addGroupBy(single)
      .orderBy('MIN(entry.seq)', 'ASC')
      .getRawMany<Row>();
    return rows.map(toLine);
  }
}

function toLine({ code, reference, reason, firstAt, lastAt, count, amount }: Row): StatementLine {
  return {
    code: code as TransferCode,
    reference: reference === null ? null : String(reference),
    reason: reason === null ? null : String(reason),
    firstAt: Number(firstAt),
    lastAt: Number(lastAt),
    count: Number(count),
    amountMicro: Number(amount),
  };
}
