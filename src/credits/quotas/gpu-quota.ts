import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { quotaExceeded } from '../credits.errors.js';
import { QuotaRepository } from './quota.repository.js';
import { QuotaSettings } from './quota-settings.js';

/**
 * GPU hours that a user may still use. A rental has its runway counted ahead, so that the time until a stop is
 * within the limit; what it did not use comes back at its end. Rentals that began without a limit are not counted.
 */
@Injectable()
export class GpuQuota {
  constructor(
    private readonly quotas: QuotaRepository,
    private readonly settings: QuotaSettings,
  ) {}

  /**
   * Counts the first seconds of a rental; null when there is no limit.
   * @throws quota_exceeded
   */
  async open(userId: string, seconds: number, manager: EntityManager): Promise<number | null> {
    const quota = await this.settings.current(userId, manager);
    if (!quota || quota.maxGpuSeconds === null) return null;
    if (await this.quotas.count(userId, 'gpu_seconds', seconds, manager)) return seconds;
    throw quotaExceeded('max_gpu_hours', quota);
  }

  /** Counts more seconds of a rental; false when the limit is reached. */
  async extend(userId: string, seconds: number, manager: EntityManager): Promise<boolean> {
    const quota = await this.settings.current(userId, manager);
    if (quota && quota.maxGpuSeconds !== null)
      return this.quotas.count(userId, 'gpu_seconds', seconds, manager);
    await this.quotas.correct(userId, 'gpu_seconds', seconds, manager);
    return true;
  }

  /** Makes the count of a rental what it has really used. */
  async close(userId: string, differenceSeconds: number, manager: EntityManager): Promise<void> {
    if (differenceSeconds !== 0) await this.quotas.correct(userId, 'gpu_seconds', differenceSeconds, manager);
  }
}
