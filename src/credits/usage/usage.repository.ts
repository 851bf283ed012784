import { Injectable } from '@nestjs/common';
import { insertMissing } from '../../database/bulk-insert.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { pageOf, type Page, type PageRequest } from './page.js';
import { UsageRecord } from './usage-record.entity.js';

@Injectable()
export class UsageRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Rows that are already there (the answer to an earlier attempt was lost) are left alone. */
  async insertMissing(records: UsageRecord[]): Promise<void> {
    await insertMissing(this.unitOfWork.manager, UsageRecord, records);
  }

  /** Latest first. */
  page(userId: string, request: PageRequest): Promise<Page<UsageRecord>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(UsageRecord, 'row')
      .where('row.userId = :userId', { userId });
    return pageOf(query, 'at', request);
  }
}
