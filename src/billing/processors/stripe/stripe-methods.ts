import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { invalidPaymentMethod, paymentProviderUnavailable } from '../../billing.errors.js';
import type { MethodCapability, SavingOutcome } from '../payment-processor.js';
import { StripeCustomers } from './stripe-customers.js';
import { StripeClient } from './stripe.client.js';
import { savedMethodOf } from './stripe.mapping.js';

const RETRY_AFTER_SECONDS = 10;

/** Cards that are kept at Stripe, by SetupIntents. */
@Injectable()
export class StripeMethods implements MethodCapability {
  constructor(
    private readonly client: StripeClient,
    private readonly customers: StripeCustomers,
  ) {}

  async save(userId: string, request: { token?: string; returnUrl?: string }): Promise<SavingOutcome> {
    const setup = await this.asking(async () => {
      const customer = await this.customers.idOf(userId);
      const metadata = { user_id: userId, env: this.client.environment };
      const params = { customer, metadata, usage: 'off_session', expand: ['payment_method'] } as const;
      return this.client.api.setupIntents.create({
        ...params,
        expand: [...params.expand],
        ...confirmation(request),
      });
    });
    const method = setup.status === 'succeeded' ? savedMethodOf(setup.payment_method) : undefined;
    if (method) return { state: 'saved', method };
    const url = setup.next_action?.redirect_to_url?.url;
    if (url) return { state: 'requires_action', nextAction: { type: 'redirect', url } };
    const secret = setup.client_secret ?? '';
    return { state: 'requires_action', nextAction: { type: 'confirm', client_secret: secret } };
  }

  async detach(externalId: string): Promise<void> {
    await this.asking(async () => {
      try {
        await this.client.api.paymentMethods.detach(externalId);
      } catch (error) {
        if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
      }
    });
  }

  forget(userId: string): Promise<void> {
    return this.asking(() => this.customers.remove(userId));
  }

  private async asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError)) throw error;
      const isRefused =
        error instanceof Stripe.errors.StripeCardError ||
        error instanceof Stripe.errors.StripeInvalidRequestError;
      throw isRefused ? invalidPaymentMethod() : paymentProviderUnavailable(RETRY_AFTER_SECONDS);
    }
  }
}

function confirmation({
  token,
  returnUrl,
}: {
  token?: string;
  returnUrl?: string;
}): Stripe.SetupIntentCreateParams {
  if (token === undefined) return { automatic_payment_methods: { enabled: true } };
  const redirects = returnUrl === undefined ? 'never' : 'always';
  return {
    confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: redirects },
    ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
    ...(token.startsWith('tok_')
      ? {
          payment_method_data: {
            type: 'card',
            card: { token },
          } as Stripe.SetupIntentCreateParams.PaymentMethodData,
        }
      : { payment_method: token }),
  };
}
