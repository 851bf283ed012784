import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { CreditQuota, ResetInterval } from './credit-quota.entity.js';
import { QuotaRepository } from './quota.repository.js';
import { nextReset } from './reset-interval.js';

/** What changes; null lifts a limit, absent leaves it. */
export interface QuotaChange {
  maxRequests?: number | null;
  maxGpuSeconds?: number | null;
  resetInterval?: ResetInterval | null;
  /** Epoch ms of the next reset; default with an interval: its next boundary. */
  resetAt?: number | null;
}

/** Quotas as operators see and set them. */
@Injectable()
export class QuotaSettings {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly quotas: QuotaRepository,
    private readonly clock: Clock,
  ) {}

  /** As it stands; counters that are due begin anew. Null when none was ever set. */
  async current(
    userId: string,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<CreditQuota | null> {
    const quota = await this.quotas.find(userId, manager);
    const now = this.clock.now();
    if (!quota || quota.resetAt === null || quota.resetAt > now) return quota;
    const { resetInterval } = quota;
    const resetAt = resetInterval === null ? null : nextReset(resetInterval, now);
    await this.quotas.reset(quota, resetAt, manager);
    return this.quotas.find(userId, manager);
  }

  /** Counters go on; a limit below what is used refuses from now on. */
  async change(userId: string, change: QuotaChange): Promise<CreditQuota> {
    const { resetInterval, resetAt } = change;
    const boundary = resetInterval ? nextReset(resetInterval, this.clock.now()) : resetInterval;
    return this.unitOfWork.run(async (manager) => {
      await this.quotas.insertIfMissing(userId, manager);
      await this.quotas.update(
        userId,
        withoutUndefined({ ...change, resetAt: resetAt ?? boundary }),
        manager,
      );
      const quota = await this.quotas.find(userId, manager);
      if (!quota) throw new Error(`the quota of ${userId} is gone`);
      return quota;
    });
  }
}

function withoutUndefined(change: QuotaChange): Partial<CreditQuota> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
