import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';

export type PaymentAlert =
  /** A processor speaks of a payment that is none of ours. */
  | 'foreign_payment'
  /** What arrived is not what the payment says. */
  | 'evidence_mismatch'
  /** One transaction of a processor for two payments. */
  | 'duplicate_transaction'
  /** A processor said something that has no meaning here. */
  | 'unknown_provider_status'
  /** Nobody knows what became of a payment; a person has to ask the processor. */
  | 'payment_undecided'
  /** The processor's books and ours differ. */
  | 'unexplained_money'
  /** Money that was credited has gone again. */
  | 'deposit_reversed'
  | 'dispute_opened'
  | 'callback_given_up'
  | 'renewal_stopped';

export const PAYMENT_ALERT = 'payment.alert';

/** What a person has to look at: a line at level error, and an event for whoever counts or mails. */
@Injectable()
export class PaymentAlerts {
  private readonly logger = new Logger(PaymentAlerts.name);

  constructor(
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /** @param details ids and amounts; never what a processor wrote as free text */
  raise(alert: PaymentAlert, details: Readonly<Record<string, string | number | undefined>>): void {
    this.logger.error({ msg: `payment alert: ${alert}`, alert, ...details });
    this.events.emit({ name: PAYMENT_ALERT, at: this.clock.now(), data: { alert, ...details } });
  }
}
