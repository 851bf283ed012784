import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Clock } from '../../../common/clock.js';
import { PaymentMethodRepository } from '../../methods/payment-method.repository.js';
import { StripeClient } from './stripe.client.js';

/** Users as Stripe's customers: made when a method is saved for the first time. Stripe learns an opaque id, no name. */
@Injectable()
export class StripeCustomers {
  constructor(
    private readonly client: StripeClient,
    private readonly rows: PaymentMethodRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws errors of the SDK */
  async idOf(userId: string): Promise<string> {
    const known = await this.rows.findCustomer(userId);
    if (known) return known.externalId;
    const { environment: env } = this.client;
    const customer = await this.client.api.customers.create(
      { metadata: { user_id: userId, env } },
      { idempotencyKey: `customer:${env}:${userId}` },
    );
    const createdAt = this.clock.now();
    const row = { userId, provider: 'stripe' as const, externalId: customer.id, createdAt };
    return (await this.rows.claimCustomer(row)).externalId;
  }

  /** Its row stays with us until the account is erased. @throws errors of the SDK */
  async remove(userId: string): Promise<void> {
    const known = await this.rows.findCustomer(userId);
    if (!known) return;
    try {
      await this.client.api.customers.del(known.externalId);
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
    }
  }
}
