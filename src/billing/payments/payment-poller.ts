import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { PollingPlan } from '../processors/payment-processor.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import { PaymentAlerts } from './payment-alerts.js';
import { PaymentSync } from './payment-sync.service.js';
import { OPEN_STATUSES } from './payment-status.js';
import type { Payment } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

const BATCH = 100;
const LONGEST_PAUSE_MS = 3_600_000;

/** Looks after payments of which no call-back tells: asks their processors, and gives up what is too old. */
@Injectable()
export class PaymentPoller {
  private readonly logger = new Logger(PaymentPoller.name);

  constructor(
    private readonly payments: PaymentRepository,
    private readonly processors: PaymentProcessors,
    private readonly sync: PaymentSync,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {}

  /** One look at each payment that is due. */
  async pollDue(signal: AbortSignal): Promise<void> {
    for (const payment of await this.payments.due(this.clock.now(), BATCH)) {
      if (signal.aborted) return;
      await this.poll(payment);
    }
  }

  private async poll(payment: Payment): Promise<void> {
    const plan = this.processors.find(payment.provider)?.polling;
    await this.scheduleNext(payment, plan);
    try {
      if (plan && this.clock.now() - payment.createdAt >= plan.giveUpAfterMs) await this.giveUp(payment);
      else if (plan) await this.sync.refresh(payment);
    } catch (error) {
      this.logger.warn({ msg: 'payment not polled', payment: payment.id, err: error });
    }
  }

  /** Written before the question, so that one whose question fails does not come back at once. */
  private async scheduleNext({ id, polls }: Payment, plan: PollingPlan | undefined): Promise<void> {
    const pauseMs = plan ? Math.min(plan.intervalMs * 2 ** polls, LONGEST_PAUSE_MS) : undefined;
    const pollAt = pauseMs === undefined ? null : this.clock.now() + pauseMs;
    await this.payments.change(id, OPEN_STATUSES, { pollAt, polls: polls + 1 });
  }

  /** What cannot be taken back stays open for a call-back, and a person is told once. */
  private async giveUp(payment: Payment): Promise<void> {
    const current = await this.sync.refresh(payment);
    if (current.pollAt === null || (await this.sync.giveUp(current))) return;
    const { id, provider, externalId } = current;
    this.alerts.raise('payment_undecided', { payment: id, provider, externalId: externalId ?? undefined });
    await this.payments.change(id, OPEN_STATUSES, { pollAt: null });
  }
}
