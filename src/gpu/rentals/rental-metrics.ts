import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { Metrics, type Sample } from '../../common/metrics/metrics.js';
import { remembered } from '../../common/metrics/remembered.js';
import { Tally } from '../../common/metrics/tally.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { ORPHAN_FOUND, type OrphanFound } from '../reconciler/reconciler.events.js';
import { RENTAL_UPDATED, type RentalUpdated } from './rental.events.js';
import { Rental } from './rental.entity.js';

/** Rentals, and what comparing our books with the farms' has found. */
@Injectable()
export class RentalMetrics implements OnModuleInit {
  private readonly changes = new Tally(['state', 'reason']);
  private readonly orphans = new Tally(['provider']);

  constructor(
    private readonly metrics: Metrics,
    private readonly unitOfWork: UnitOfWork,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const { metrics, events, clock } = this;
    events.on(RENTAL_UPDATED, ({ data }) => this.count(data as RentalUpdated));
    events.on(ORPHAN_FOUND, ({ data }) => this.orphans.add((data as OrphanFound).provider));
    const byState = remembered(clock, () => this.byState());
    metrics.add(
      'rental_changes_total',
      'Changes of rentals that this process made, by new state.',
      this.changes,
    );
    metrics.add(
      'orphan_contracts_total',
      'Contracts at farms that no rental claims; they are destroyed.',
      this.orphans,
    );
    metrics.gauge('rentals', 'Rentals that are not over, by provider and state.', () => byState());
  }

  private count({ state, reason }: RentalUpdated): void {
    this.changes.add(state, reason ?? 'none');
  }

  private async byState(): Promise<Sample[]> {
    const rows = await this.unitOfWork.manager
      .createQueryBuilder(Rental, 'rental')
      .select('provider', 'provider')
      .addSelect('state', 'state')
      .addSelect('COUNT(*)', 'count')
      .where("state IN ('requested', 'provisioning', 'starting', 'running', 'stopping')")
      .groupBy('provider')
      .addGroupBy('state')
      .getRawMany<{ provider: string; state: string; count: string | number }>();
    return rows.map(({ provider, state, count }) => ({ labels: { provider, state }, value: Number(count) }));
  }
}
