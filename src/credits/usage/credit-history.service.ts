import { Injectable } from '@nestjs/common';
import { DEFAULT_PAGE_SIZE } from '../../common/cursor.js';
import type { ListCreditHistoryDto } from '../dto/list-credit-history.dto.js';
import type { CreditSession } from './credit-session.entity.js';
import type { Page, PageRequest } from './page.js';
import { SessionRepository } from './session.repository.js';
import type { UsageRecord } from './usage-record.entity.js';
import { UsageRepository } from './usage.repository.js';

/** A user's past: requests and sessions, latest first. */
@Injectable()
export class CreditHistory {
  constructor(
    private readonly usage: UsageRepository,
    private readonly sessions: SessionRepository,
  ) {}

  /** Requests that began in the asked time. */
  usageOf(userId: string, query: ListCreditHistoryDto): Promise<Page<UsageRecord>> {
    return this.usage.page(userId, pageRequest(query));
  }

  /** Sessions that ended in the asked time. */
  sessionsOf(userId: string, query: ListCreditHistoryDto): Promise<Page<CreditSession>> {
    return this.sessions.page(userId, pageRequest(query));
  }
}

function pageRequest({ limit = DEFAULT_PAGE_SIZE, cursor, from, to }: ListCreditHistoryDto): PageRequest {
  return { limit, cursor, from: instantOf(from), to: instantOf(to) };
}

function instantOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
