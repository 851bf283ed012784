import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { Clock } from '../../../common/clock.js';
import { centsFromMicro } from '../../payments/amount.js';
import type { Payment } from '../../payments/payment.entity.js';
import { StripeCustomers } from './stripe-customers.js';
import { isServerConfirmed, unpackInstructions, type StripeInstructions } from './stripe-instructions.js';
import { StripeClient } from './stripe.client.js';

/** Stripe forgets idempotency keys after 24 hours. */
const KEY_REMEMBERED_MS = 20 * 3_600_000;
const EXPAND = { expand: ['payment_method'] };

/** PaymentIntents and Checkout sessions of our payments. Everything here may throw the SDK's errors. */
@Injectable()
export class StripeIntents {
  constructor(
    private readonly client: StripeClient,
    private readonly customers: StripeCustomers,
    private readonly clock: Clock,
  ) {}

  get isConfigured(): boolean {
    return this.client.isConfigured;
  }

  /** Money of the other mode is none of ours. */
  isOurs({ livemode }: Stripe.PaymentIntent): boolean {
    return livemode === this.client.isLive;
  }

  /** Whether `create` is still sure to make no second one. */
  isKeyRemembered({ createdAt }: Payment): boolean {
    return this.clock.now() - createdAt < KEY_REMEMBERED_MS;
  }

  /** Always the same call for the same payment, under the same key: asking again cannot make a second one. */
  async create(payment: Payment): Promise<Stripe.PaymentIntent> {
    const instructions = unpackInstructions(payment.instructions);
    const params = {
      amount: centsFromMicro(payment.amountMicro),
      currency: payment.currency.toLowerCase(),
      metadata: this.metadataOf(payment),
      customer: await this.customerFor(payment, instructions),
      setup_future_usage: instructions.isSaved ? 'off_session' : undefined,
      ...EXPAND,
      ...confirmation(instructions),
    } satisfies Stripe.PaymentIntentCreateParams;
    return this.client.api.paymentIntents.create(params, { idempotencyKey: `pay:${payment.id}` });
  }

  retrieve(id: string): Promise<Stripe.PaymentIntent> {
    return this.client.api.paymentIntents.retrieve(id, EXPAND);
  }

  /** The intent of a payment whose creation was never answered; found by search, which lags by a minute or more. */
  async search(payment: Payment): Promise<Stripe.PaymentIntent | undefined> {
    const query = `metadata['payment_id']:'${payment.id}'`;
    const { data } = await this.client.api.paymentIntents.search({ query, limit: 1 });
    return data[0] && this.retrieve(data[0].id);
  }

  cancel(id: string): Promise<Stripe.PaymentIntent> {
    return this.client.api.paymentIntents.cancel(id, { cancellation_reason: 'abandoned', ...EXPAND });
  }

  /** A page of Stripe's on which the payer enters the card. */
  async createSession(payment: Payment): Promise<Stripe.Checkout.Session> {
    const instructions = unpackInstructions(payment.instructions);
    const metadata = this.metadataOf(payment);
    const future = instructions.isSaved ? ('off_session' as const) : undefined;
    const params = {
      mode: 'payment',
      line_items: [{ quantity: 1, price_data: priceOf(payment) }],
      success_url: instructions.returnUrl,
      cancel_url: instructions.returnUrl,
      client_reference_id: payment.id,
      customer: await this.customerFor(payment, instructions),
      metadata,
      payment_intent_data: { metadata, setup_future_usage: future },
    } satisfies Stripe.Checkout.SessionCreateParams;
    return this.client.api.checkout.sessions.create(params, { idempotencyKey: `pay:${payment.id}` });
  }

  retrieveSession(id: string): Promise<Stripe.Checkout.Session> {
    return this.client.api.checkout.sessions.retrieve(id, { expand: ['payment_intent.payment_method'] });
  }

  expireSession(id: string): Promise<Stripe.Checkout.Session> {
    return this.client.api.checkout.sessions.expire(id);
  }

  private metadataOf({ id, userId, instructions }: Payment): Record<string, string> {
    const { source } = unpackInstructions(instructions);
    return { payment_id: id, user_id: userId, env: this.client.environment, source };
  }

  private async customerFor(
    { userId }: Payment,
    { isCustomers }: StripeInstructions,
  ): Promise<string | undefined> {
    return isCustomers ? this.customers.idOf(userId) : undefined;
  }
}

function priceOf({ amountMicro, currency }: Payment): Stripe.Checkout.SessionCreateParams.LineItem.PriceData {
  return {
    currency: currency.toLowerCase(),
    unit_amount: centsFromMicro(amountMicro),
    product_data: { name: 'GPU Proxy credits' },
  };
}

/** Confirmed at once only with a given method; without a return address nothing may redirect. */
function confirmation(instructions: StripeInstructions): Partial<Stripe.PaymentIntentCreateParams> {
  const { token = '', returnUrl, isOffSession } = instructions;
  if (!isServerConfirmed(instructions)) return { automatic_payment_methods: { enabled: true } };
  const redirects = returnUrl === undefined || isOffSession ? 'never' : 'always';
  return {
    confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: redirects },
    ...(redirects === 'always' ? { return_url: returnUrl } : {}),
    ...(isOffSession ? { off_session: true } : {}),
    ...(instructions.source === 'card_token'
      ? {
          payment_method_data: {
            type: 'card',
            card: { token },
          } as Stripe.PaymentIntentCreateParams.PaymentMethodData,
        }
      : { payment_method: token }),
  };
}
