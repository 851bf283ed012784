import type { CreditQuota, ResetInterval } from '../../credits/quotas/credit-quota.entity.js';

const SECONDS_PER_HOUR = 3600;

/** Limits beside the credits, and how much of them is used. */
export class QuotaView {
  /** null = no limit. */
  max_gpu_hours: number | null;
  /** What runs has its runway counted ahead. */
  used_gpu_hours: number;
  /** null = no limit. */
  max_requests: number | null;
  used_requests: number;
  reset_interval: ResetInterval | null;
  reset_at: string | null;

  static from(quota: CreditQuota): QuotaView {
    const { maxGpuSeconds, resetAt } = quota;
    return {
      max_gpu_hours: maxGpuSeconds === null ? null : hours(maxGpuSeconds),
      used_gpu_hours: hours(quota.usedGpuSeconds),
      max_requests: quota.maxRequests,
      used_requests: quota.usedRequests,
      reset_interval: quota.resetInterval,
      reset_at: resetAt === null ? null : new Date(resetAt).toISOString(),
    };
  }
}

const hours = (seconds: number): number => Number((seconds / SECONDS_PER_HOUR).toFixed(4));
