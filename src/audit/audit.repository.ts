import { Injectable } from '@nestjs/common';
import { LessThan, MoreThan, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { UnitOfWork } from '../database/unit-of-work.js';
import type { AuditAction } from './audit-action.js';
import { AuditEntry } from './audit-entry.entity.js';
import { AuditHead } from './audit-head.entity.js';

const HEAD = { id: 'head' };

/** Entries and the end of their chain. There is no method that changes or removes an entry. */
@Injectable()
export class AuditRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Takes the next `count` numbers and, until the transaction ends, the right to append. Answers the end before that. */
  async advance(count: number, manager: EntityManager): Promise<AuditHead> {
    const grown = { seq: () => `seq + ${count}` };
    await manager.createQueryBuilder().update(AuditHead).set(grown).where(HEAD).execute();
    const head = await manager.findOneByOrFail(AuditHead, HEAD);
    return { ...head, seq: head.seq - count };
  }

  async insert(entries: AuditEntry[], manager: EntityManager): Promise<void> {
    const insert = manager.createQueryBuilder().insert().into(AuditEntry);
    await insert.values(entries).updateEntity(false).execute();
  }

  async finish({ hash: lastHash, at: lastAt }: AuditEntry, manager: EntityManager): Promise<void> {
    await manager.update(AuditHead, HEAD, { lastHash, lastAt });
  }

  head(): Promise<AuditHead> {
    return this.unitOfWork.manager.findOneByOrFail(AuditHead, HEAD);
  }

  after(seq: number, limit: number): Promise<AuditEntry[]> {
    return this.unitOfWork.manager.find(AuditEntry, {
      where: { seq: MoreThan(seq) },
      order: { seq: 'ASC' },
      take: limit,
    });
  }

  find(seq: number): Promise<AuditEntry | null> {
    return this.unitOfWork.manager.findOneBy(AuditEntry, { seq });
  }

  last(action: AuditAction): Promise<AuditEntry | null> {
    return this.unitOfWork.manager.findOne(AuditEntry, { where: { action }, order: { seq: 'DESC' } });
  }

  /** Latest first. */
  page(condition: FindOptionsWhere<AuditEntry>, limit: number, before?: number): Promise<AuditEntry[]> {
    const position = before === undefined ? {} : { seq: LessThan(before) };
    return this.unitOfWork.manager.find(AuditEntry, {
      where: { ...condition, ...position },
      order: { seq: 'DESC' },
      take: limit,
    });
  }
}
