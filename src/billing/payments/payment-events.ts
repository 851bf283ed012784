import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import type { Payment } from './payment.entity.js';
import { TransactionView } from './payment.view.js';

/** Emitted after a payment has changed and the change is committed; `data` is the transaction as its GET shows it. */
export const PAYMENT_UPDATED = 'payment.updated';

@Injectable()
export class PaymentEvents {
  constructor(
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  updated(payment: Payment): void {
    const data = TransactionView.from(payment);
    this.events.emit({ name: PAYMENT_UPDATED, userId: payment.userId, at: this.clock.now(), data });
  }
}
