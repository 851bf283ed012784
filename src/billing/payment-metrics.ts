import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { Metrics } from '../common/metrics/metrics.js';
import { remembered } from '../common/metrics/remembered.js';
import { Tally } from '../common/metrics/tally.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { PAYMENT_ALERT } from './payments/payment-alerts.js';
import { PaymentCallback } from './webhooks/callback.entity.js';

/** Money that is on its way, and what a person should look at. */
@Injectable()
export class PaymentMetrics implements OnModuleInit {
  private readonly alerts = new Tally(['alert']);

  constructor(
    private readonly metrics: Metrics,
    private readonly unitOfWork: UnitOfWork,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const { metrics, clock } = this;
    const oldest = remembered(clock, () => this.oldestCallback());
    this.events.on(PAYMENT_ALERT, ({ data }) => this.alerts.add((data as { alert: string }).alert));
    metrics.add('payment_alerts_total', 'Findings about payments that a person should look at.', this.alerts);
    metrics.gauge('callback_lag_seconds', 'Age of the oldest call-back that is not acted on.', async () => {
      const receivedAt = await oldest();
      return receivedAt === undefined ? 0 : Math.max(0, clock.now() - receivedAt) / 1000;
    });
  }

  private async oldestCallback(): Promise<number | undefined> {
    const oldest = await this.unitOfWork.manager.findOne(PaymentCallback, {
      where: { state: 'new' },
      order: { receivedAt: 'ASC' },
    });
    return oldest?.receivedAt;
  }
}
