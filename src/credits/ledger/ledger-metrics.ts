import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Metrics } from '../../common/metrics/metrics.js';
import { remembered } from '../../common/metrics/remembered.js';
import { creditsFromMicro } from '../../common/money.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditHold } from './hold.entity.js';

interface OpenHolds {
  count: number;
  heldMicro: number;
  oldestLeaseAt: number | null;
}

/** The ledger's open holds, as the database has them: the same from every process. */
@Injectable()
export class LedgerMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const { metrics, clock } = this;
    const holds = remembered(clock, () => this.openHolds());
    metrics.gauge(
      'ledger_open_holds',
      'Holds that are neither settled nor freed.',
      async () => (await holds()).count,
    );
    metrics.gauge('ledger_held_credits', 'Credits that open holds set aside.', async () =>
      creditsFromMicro((await holds()).heldMicro),
    );
    metrics.gauge(
      'ledger_hold_overdue_seconds',
      'How long the most overdue lease of a hold is over.',
      async () => {
        const { oldestLeaseAt } = await holds();
        return oldestLeaseAt === null ? 0 : Math.max(0, clock.now() - oldestLeaseAt) / 1000;
      },
    );
  }

  private async openHolds(): Promise<OpenHolds> {
    const row = await this.unitOfWork.manager
      .createQueryBuilder(CreditHold, 'hold')
      .select('COUNT(*)', 'count')
      .addSelect('SUM(amount_micro - captured_micro)', 'held')
      .addSelect('MIN(lease_until)', 'oldest')
      .where("state = 'open'")
      .getRawOne<Record<'count' | 'held' | 'oldest', string | number | null>>();
    const oldest = row?.oldest ?? null;
    return {
      count: Number(row?.count ?? 0),
      heldMicro: Number(row?.held ?? 0),
      oldestLeaseAt: oldest === null ? null : Number(oldest),
    };
  }
}
