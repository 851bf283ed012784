import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppConfig } from '../../config/config.js';
import { billableSeconds } from '../pricing.js';
import { GpuQuota } from '../quotas/gpu-quota.js';
import { RentalCosts } from './rental-costs.js';
import type { RentalMeter } from './rental-meter.entity.js';
import { runwayMsOf } from './runway.js';

/** Sums of a rental that stand beside its user's charges. */
type SideSums = Pick<RentalMeter, 'costMicro' | 'quotaSeconds'>;

/** What is kept beside the user's charge: what the farm takes, and the count of GPU hours. */
@Injectable()
export class RentalBooks {
  constructor(
    private readonly costs: RentalCosts,
    private readonly quota: GpuQuota,
    private readonly config: AppConfig,
  ) {}

  /** Counts the runway of a rental that is about to begin; null when nothing limits it. @throws quota_exceeded */
  open(meter: RentalMeter, manager: EntityManager): Promise<number | null> {
    return this.quota.open(meter.userId, this.aheadSeconds(meter), manager);
  }

  /** One step further. The limit is reached when the time ahead could not be counted; it was counted before. */
  async advance(
    meter: RentalMeter,
    throughMs: number,
    manager: EntityManager,
  ): Promise<SideSums & { isLimitReached: boolean }> {
    const costMicro = await this.costs.bookThrough(meter, throughMs, manager);
    const { userId, quotaSeconds } = meter;
    if (quotaSeconds === null) return { costMicro, quotaSeconds, isLimitReached: false };
    const wanted = gpuSeconds(meter, throughMs) + this.aheadSeconds(meter);
    const isCounted = await this.quota.extend(userId, wanted - quotaSeconds, manager);
    return { costMicro, quotaSeconds: isCounted ? wanted : quotaSeconds, isLimitReached: !isCounted };
  }

  /** The whole rental, as it really was. */
  async end(meter: RentalMeter, endedAtMs: number, manager: EntityManager): Promise<SideSums> {
    const costMicro = await this.costs.bookEnd(meter, endedAtMs, manager);
    if (meter.quotaSeconds === null) return { costMicro, quotaSeconds: null };
    const quotaSeconds = gpuSeconds(meter, endedAtMs);
    await this.quota.close(meter.userId, quotaSeconds - meter.quotaSeconds, manager);
    return { costMicro, quotaSeconds };
  }

  private aheadSeconds({ gpuCount }: RentalMeter): number {
    return Math.ceil(runwayMsOf(this.config) / 1000) * gpuCount;
  }
}

function gpuSeconds({ runningAt, gpuCount }: RentalMeter, throughMs: number): number {
  return runningAt === null ? 0 : billableSeconds(runningAt, throughMs) * gpuCount;
}
