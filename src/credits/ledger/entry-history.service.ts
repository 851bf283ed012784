import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { DEFAULT_PAGE_SIZE, decodeCursor, pageOf } from '../../common/cursor.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditEntry } from './entry.entity.js';
import { CreditTransfer } from './transfer.entity.js';

/** An entry with the transfer that it is a side of. */
export interface LedgerRow {
  entry: CreditEntry;
  transfer: CreditTransfer;
}

export interface LedgerPage {
  rows: LedgerRow[];
  /** Asks for the rows after these; null at the end. */
  nextCursor: string | null;
}

/** Reads the ledger's entries, latest first. */
@Injectable()
export class EntryHistory {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** @param account `user:{id}` or one of the platform's; all of them when absent */
  async page(query: { account?: string; limit?: number; cursor?: string }): Promise<LedgerPage> {
    const { account, limit = DEFAULT_PAGE_SIZE } = query;
    const entries = await this.entries(account, limit + 1, query.cursor);
    const positions = entries.map((entry) => ({
      entry,
      createdAt: entry.createdAt,
      id: toCursorId(entry.id),
    }));
    const { rows, nextCursor } = pageOf(positions, limit);
    return { rows: await this.withTransfers(rows.map(({ entry }) => entry)), nextCursor };
  }

  private entries(account: string | undefined, limit: number, cursor?: string): Promise<CreditEntry[]> {
    const query = this.unitOfWork.manager.createQueryBuilder(CreditEntry, 'entry');
    if (account !== undefined) query.andWhere('entry.account = :account', { account });
    const after = decodeCursor(cursor);
    if (after) {
      const isLater = 'entry.createdAt < :at OR (entry.createdAt = :at AND entry.id < :id)';
      query.andWhere(`(${isLater})`, { at: after.createdAt, id: fromCursorId(after.id) });
    }
    return query.orderBy('entry.createdAt', 'DESC').addOrderBy('entry.id', 'DESC').take(limit).getMany();
  }

  private async withTransfers(entries: readonly CreditEntry[]): Promise<LedgerRow[]> {
    const ids = [...new Set(entries.map(({ transferId }) => transferId))];
    const { manager } = this.unitOfWork;
    const transfers = ids.length === 0 ? [] : await manager.findBy(CreditTransfer, { id: In(ids) });
    const byId = new Map(transfers.map((transfer) => [transfer.id, transfer]));
    return entries.flatMap((entry) => {
      const transfer = byId.get(entry.transferId);
      return transfer ? [{ entry, transfer }] : [];
    });
  }
}

/** Cursors hold no colon; the side of an entry is its last character. */
const toCursorId = (id: string): string => id.replace(/:(\d)$/, '-$1');
const fromCursorId = (id: string): string => id.replace(/-(\d)$/, ':$1');
