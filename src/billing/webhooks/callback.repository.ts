import { Injectable } from '@nestjs/common';
import { LessThanOrEqual } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { PaymentCallback, type CallbackState } from './callback.entity.js';

/** Rows of call-backs: one per event of a processor, however often it is delivered. */
@Injectable()
export class CallbackRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** An event that is there already changes nothing. */
  async insertMissing(callback: PaymentCallback): Promise<void> {
    const row = callback as QueryDeepPartialEntity<PaymentCallback>;
    const { manager } = this.unitOfWork;
    await manager.createQueryBuilder().insert().into(PaymentCallback).values(row).orIgnore().execute();
  }

  /** Oldest first. */
  due(now: number, limit: number): Promise<PaymentCallback[]> {
    const where = { state: 'new' as const, dueAt: LessThanOrEqual(now) };
    const order = { dueAt: 'ASC', id: 'ASC' } as const;
    return this.unitOfWork.manager.find(PaymentCallback, { where, order, take: limit });
  }

  /** Claims one for a while; false when another process has it. */
  async claim({ id, attempts }: PaymentCallback, dueAt: number): Promise<boolean> {
    const { affected } = await this.unitOfWork.manager.update(
      PaymentCallback,
      { id, attempts, state: 'new' },
      { attempts: attempts + 1, dueAt },
    );
    return affected === 1;
  }

  async finish(id: string, state: CallbackState, handledAt: number): Promise<void> {
    await this.unitOfWork.manager.update(PaymentCallback, { id }, { state, handledAt });
  }

  async postpone(id: string, dueAt: number): Promise<void> {
    await this.unitOfWork.manager.update(PaymentCallback, { id, state: 'new' }, { dueAt });
  }
}
