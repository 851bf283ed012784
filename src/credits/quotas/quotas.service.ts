import { Injectable } from '@nestjs/common';
import type { CreditQuota } from './credit-quota.entity.js';
import { QuotaSettings, type QuotaChange } from './quota-settings.js';
import { RequestQuota } from './request-quota.js';

/** Quotas for operators: what is set here counts here at once, and in other processes within seconds. */
@Injectable()
export class Quotas {
  constructor(
    private readonly settings: QuotaSettings,
    private readonly requests: RequestQuota,
  ) {}

  find(userId: string): Promise<CreditQuota | null> {
    return this.settings.current(userId);
  }

  async change(userId: string, change: QuotaChange): Promise<CreditQuota> {
    const quota = await this.settings.change(userId, change);
    this.requests.forget(userId);
    return quota;
  }
}
