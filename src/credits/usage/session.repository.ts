import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditSession } from './credit-session.entity.js';
import { pageOf, type Page, type PageRequest } from './page.js';

@Injectable()
export class SessionRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** A session that is already there stays as it is. */
  async insertIfMissing(session: CreditSession, manager: EntityManager): Promise<void> {
    await manager.createQueryBuilder().insert().into(CreditSession).values(session).orIgnore().execute();
  }

  /** Latest closed first. */
  async page(userId: string, request: PageRequest): Promise<Page<CreditSession>> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(CreditSession, 'row')
      .where('row.userId = :userId', { userId });
    return pageOf(query, 'closedAt', request);
  }
}
