import { Injectable } from '@nestjs/common';
import type { Page } from '../usage/page.js';
import type { UsageRecord } from '../usage/usage-record.entity.js';
import { EconomicsRepository } from './economics.repository.js';
import type { BookedSums, EconomicsRange, UsageGroup, UsageSums } from './economics.js';

/** What the product earns and what it costs, for operators. */
@Injectable()
export class Economics {
  constructor(private readonly repository: EconomicsRepository) {}

  /** Requests added up by any of user, pool and day. */
  usage(
    range: EconomicsRange,
    groups: readonly UsageGroup[],
    page: { limit: number; offset: number },
  ): Promise<UsageSums[]> {
    return this.repository.usage(range, groups, page);
  }

  /** Single requests, latest first; what is not known of one is null there. */
  requests(range: EconomicsRange, page: { limit: number; cursor?: string }): Promise<Page<UsageRecord>> {
    return this.repository.requests(range, page);
  }

  /** What the ledger says for the same time: it has what requests do not show, the idle time of rentals. */
  async booked(range: EconomicsRange): Promise<BookedSums> {
    return {
      requestRevenueMicro: await this.repository.charged(range, 'request_usage'),
      gpuRevenueMicro: await this.repository.charged(range, 'gpu_usage'),
      gpuCostMicro: await this.repository.cost(range),
    };
  }
}
