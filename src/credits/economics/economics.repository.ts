import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditEntry } from '../ledger/entry.entity.js';
import { CreditTransfer } from '../ledger/transfer.entity.js';
import { userAccount } from '../ledger/transfer-codes.js';
import { RentalMeter } from '../metering/rental-meter.entity.js';
import { pageOf, type Page } from '../usage/page.js';
import { UsageRecord } from '../usage/usage-record.entity.js';
import type { EconomicsRange, UsageGroup, UsageSums } from './economics.js';

const DAY_MS = 86_400_000;

const GROUP_COLUMNS: Readonly<Record<UsageGroup, string>> = {
  user: 'row.userId',
  pool: 'row.pool',
  day: `row.at / ${DAY_MS}`,
};

type Row = Record<string, string | number | null>;

/** Sums over usage rows and over the ledger. They read much: not for anything that callers can repeat quickly. */
@Injectable()
export class EconomicsRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Latest days first, then by user and pool. */
  async usage(
    range: EconomicsRange,
    groups: readonly UsageGroup[],
    page: { limit: number; offset: number },
  ): Promise<UsageSums[]> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(UsageRecord, 'row')
      .select('COUNT(*)', 'requests')
      .addSelect('SUM(row.inputTokens)', 'inputTokens')
      .addSelect('SUM(row.outputTokens)', 'outputTokens')
      .addSelect('SUM(row.costMicro)', 'requestRevenue')
      .addSelect('SUM(row.gpuCostMicro)', 'gpuRevenue')
      .addSelect('SUM(row.providerCostMicro)', 'gpuCost')
      .where('row.at >= :from AND row.at < :to', range);
    if (range.userId !== undefined) query.andWhere('row.userId = :userId', range);
    if (range.pool !== undefined) query.andWhere('row.pool = :pool', range);
    for (const group of groups) query.addSelect(GROUP_COLUMNS[group], group).addGroupBy(GROUP_COLUMNS[group]);
    for (const group of (['day', 'user', 'pool'] as const).filter((one) => groups.includes(one)))
      query.addOrderBy(GROUP_COLUMNS[group], group === 'day' ? 'DESC' : 'ASC');
    const rows = await query.limit(page.limit).offset(page.offset).getRawMany<Row>();
    return rows.filter((row) => Number(row.requests) > 0).map(toSums);
  }

  /** Single requests, latest first. */
  requests(range: EconomicsRange, page: { limit: number; cursor?: string }): Promise<Page<UsageRecord>> {
    const query = this.unitOfWork.manager.createQueryBuilder(UsageRecord, 'row').where('1 = 1');
    if (range.userId !== undefined) query.andWhere('row.userId = :userId', range);
    if (range.pool !== undefined) query.andWhere('row.pool = :pool', range);
    return pageOf(query, 'at', { ...page, from: range.from, to: range.to });
  }

  /** What users were charged by a code, less what was given back of it; by the time it happened. */
  async charged(range: EconomicsRange, code: 'gpu_usage' | 'request_usage'): Promise<number> {
    const codes = code === 'gpu_usage' ? [code, 'usage_refund'] : [code];
    const query = this.entries(range)
      .andWhere('entry.seq IS NOT NULL AND transfer.code IN (:...codes)', { codes })
      .select('COALESCE(-SUM(entry.amountMicro), 0)', 'sum');
    if (range.userId !== undefined)
      query.andWhere('entry.account = :account', { account: userAccount(range.userId) });
    return sumOf(query);
  }

  /** What farms took. */
  async cost(range: EconomicsRange): Promise<number> {
    const query = this.entries(range)
      .andWhere("transfer.code = 'gpu_cost' AND entry.account LIKE 'payable:%'")
      .select('COALESCE(SUM(entry.amountMicro), 0)', 'sum');
    if (range.userId !== undefined)
      query
        .innerJoin(RentalMeter, 'meter', 'meter.rentalId = transfer.reference')
        .andWhere('meter.userId = :userId', range);
    return sumOf(query);
  }

  private entries(range: EconomicsRange): SelectQueryBuilder<CreditEntry> {
    return this.unitOfWork.manager
      .createQueryBuilder(CreditEntry, 'entry')
      .innerJoin(CreditTransfer, 'transfer', 'transfer.id = entry.transferId')
      .where('transfer.eventAt >= :from AND transfer.eventAt < :to', range);
  }
}

async function sumOf(query: SelectQueryBuilder<CreditEntry>): Promise<number> {
  const row = await query.getRawOne<Row>();
  return Number(row?.sum ?? 0);
}

function toSums(row: Row): UsageSums {
  const { user, pool, day } = row;
  return {
    userId: user === undefined || user === null ? null : String(user),
    pool: pool === undefined || pool === null ? null : String(pool),
    day: day === undefined || day === null ? null : Number(day) * DAY_MS,
    requests: Number(row.requests),
    inputTokens: Number(row.inputTokens ?? 0),
    outputTokens: Number(row.outputTokens ?? 0),
    requestRevenueMicro: Number(row.requestRevenue ?? 0),
    gpuRevenueMicro: Number(row.gpuRevenue ?? 0),
    gpuCostMicro: Number(row.gpuCost ?? 0),
  };
}
