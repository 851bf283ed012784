import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditQuota } from './credit-quota.entity.js';

type Counter = 'requests' | 'gpu_seconds';

const PROPERTIES = { requests: 'usedRequests', gpu_seconds: 'usedGpuSeconds' } as const;

/** Rows of quotas. Nothing reads a counter first and writes it afterwards. */
@Injectable()
export class QuotaRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(userId: string, manager: EntityManager = this.unitOfWork.manager): Promise<CreditQuota | null> {
    return manager.findOneBy(CreditQuota, { userId });
  }

  /** Counts so much, unless there is a limit and that would pass it; also refused when there is no limit. */
  async count(
    userId: string,
    counter: Counter,
    amount: number,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const room = `max_${counter} IS NOT NULL AND used_${counter} + :amount <= max_${counter}`;
    return this.add(userId, counter, amount, room, manager);
  }

  /** Counts in any case; negative gives back. */
  async correct(
    userId: string,
    counter: Counter,
    amount: number,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<void> {
    await this.add(userId, counter, amount, 'true', manager);
  }

  /** Begins anew when nobody else did since `quota` was read. */
  async reset(
    { userId, resetAt: seenResetAt }: CreditQuota,
    resetAt: number | null,
    manager: EntityManager,
  ): Promise<void> {
    if (seenResetAt === null) return;
    const zero = { usedRequests: 0, usedGpuSeconds: 0, resetAt };
    await manager.update(CreditQuota, { userId, resetAt: seenResetAt }, zero);
  }

  async insertIfMissing(userId: string, manager: EntityManager): Promise<void> {
    const row = { ...NO_QUOTA, userId };
    await manager.createQueryBuilder().insert().into(CreditQuota).values(row).orIgnore().execute();
  }

  async update(userId: string, change: Partial<CreditQuota>, manager: EntityManager): Promise<void> {
    if (Object.keys(change).length > 0) await manager.update(CreditQuota, { userId }, change);
  }

  private async add(
    userId: string,
    counter: Counter,
    amount: number,
    condition: string,
    manager: EntityManager,
  ): Promise<boolean> {
    // What is given back after a reset was counted before it.
    const sum = `used_${counter} + :amount`;
    const update = manager
      .createQueryBuilder()
      .update(CreditQuota)
      .set({ [PROPERTIES[counter]]: () => `CASE WHEN ${sum} < 0 THEN 0 ELSE ${sum} END` });
    const { affected } = await update
      .where(`user_id = :userId AND ${condition}`, { userId, amount })
      .execute();
    return affected === 1;
  }
}

const NO_QUOTA = {
  maxRequests: null,
  usedRequests: 0,
  maxGpuSeconds: null,
  usedGpuSeconds: 0,
  resetInterval: null,
  resetAt: null,
};
