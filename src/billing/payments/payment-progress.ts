import { Injectable } from '@nestjs/common';
import { PaymentMethods } from '../methods/payment-methods.service.js';
import type { ProcessorOutcome } from '../processors/payment-processor.js';
import { PaymentEvents } from './payment-events.js';
import { PaymentOutcomes } from './payment-outcomes.js';
import type { Payment } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';

/** Takes in what a processor says of a payment, on whichever way it was learnt: answer, call-back or poll. */
@Injectable()
export class PaymentProgress {
  constructor(
    private readonly outcomes: PaymentOutcomes,
    private readonly payments: PaymentRepository,
    private readonly methods: PaymentMethods,
    private readonly events: PaymentEvents,
  ) {}

  /** @returns the payment as it is afterwards */
  async record(payment: Payment, outcome: ProcessorOutcome): Promise<Payment> {
    const hasChanged = await this.outcomes.apply(payment, outcome);
    const current = await this.payments.get(payment.id);
    if (outcome.state === 'paid' && outcome.evidence.savedMethod && current.completedAt !== null)
      await this.methods.keep(current.userId, current.provider, outcome.evidence.savedMethod);
    if (hasChanged) this.events.updated(current);
    return current;
  }
}
