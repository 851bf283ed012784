import { Injectable } from '@nestjs/common';
import { DEFAULT_PAGE_SIZE } from '../../common/cursor.js';
import type { CreditSession } from './credit-session.entity.js';
import type { Page, PageRequest } from './page.js';
import { SessionRepository } from './session.repository.js';
import type { UsageRecord } from './usage-record.entity.js';
import { UsageRepository } from './usage.repository.js';

const ROWS_PER_READ = 500;

/** A time, as texts of ISO 8601: `from` inclusive, `to` exclusive. */
export interface HistoryRange {
  from?: string;
  to?: string;
}

/** A page of it. */
export interface HistoryQuery extends HistoryRange {
  limit?: number;
  cursor?: string;
}

/** A user's past: requests and sessions, latest first. */
@Injectable()
export class CreditHistory {
  constructor(
    private readonly usage: UsageRepository,
    private readonly sessions: SessionRepository,
  ) {}

  /** Requests that began in the asked time. */
  usageOf(userId: string, query: HistoryQuery): Promise<Page<UsageRecord>> {
    return this.usage.page(userId, pageRequest(query));
  }

  /** Every one of them, read as they are taken. */
  async *allUsageOf(userId: string, range: HistoryRange): AsyncGenerator<UsageRecord> {
    let cursor: string | undefined;
    do {
      const page = await this.usageOf(userId, { ...range, limit: ROWS_PER_READ, cursor });
      yield* page.rows;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** Sessions that ended in the asked time. */
  sessionsOf(userId: string, query: HistoryQuery): Promise<Page<CreditSession>> {
    return this.sessions.page(userId, pageRequest(query));
  }
}

function pageRequest({ limit = DEFAULT_PAGE_SIZE, cursor, from, to }: HistoryQuery): PageRequest {
  return { limit, cursor, from: instantOf(from), to: instantOf(to) };
}

function instantOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
