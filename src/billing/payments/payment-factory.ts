import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import type { PaymentPlan, PaymentProcessor, PaymentRequest } from '../processors/payment-processor.js';
import type { Payment } from './payment.entity.js';

/** Makes the row of a payment that has been planned and not begun. */
@Injectable()
export class PaymentFactory {
  constructor(private readonly clock: Clock) {}

  make(
    { name, polling }: PaymentProcessor,
    { userId, amountMicro, currency, isOffSession }: PaymentRequest,
    { method, instructions }: PaymentPlan,
    requestKey: string | undefined,
  ): Payment {
    const now = this.clock.now();
    return {
      id: newOrderedId(),
      userId,
      provider: name,
      amountMicro,
      currency,
      status: 'created',
      detail: null,
      method,
      purpose: isOffSession ? 'renewal' : 'purchase',
      externalId: null,
      requestKey: requestKey ?? null,
      instructions,
      sealedNextAction: null,
      creditedMicro: 0,
      refundedMicro: 0,
      isDisputed: false,
      pollAt: polling ? now + polling.intervalMs : null,
      polls: 0,
      createdAt: now,
      updatedAt: now,
      completedAt: null,
    };
  }
}
