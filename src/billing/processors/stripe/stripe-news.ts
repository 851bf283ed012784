import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { microFromCents } from '../../payments/amount.js';
import type { CallbackNews, DisputeNews } from '../callback-reader.js';
import { refundState } from './stripe-refunds.js';
import { isServerConfirmed } from './stripe-instructions.js';
import { StripeIntents } from './stripe-intents.js';
import { StripeClient } from './stripe.client.js';
import { outcomeOfIntent, outcomeOfSession, savedMethodOf } from './stripe.mapping.js';

type Reader = (id: string) => Promise<readonly CallbackNews[]>;

const NOTHING: readonly CallbackNews[] = [];

/** Asks Stripe how the object of a webhook stands now; what the webhook itself says of it is not used. */
@Injectable()
export class StripeNews {
  /** By the beginning of the event's type; the first that fits counts. */
  private readonly readers: readonly [prefix: string, read: Reader][] = [
    ['payment_intent.', (id) => this.ofIntent(id)],
    ['checkout.session.', (id) => this.ofSession(id)],
    ['charge.dispute.', (id) => this.ofDispute(id)],
    ['charge.refund.', (id) => this.ofRefund(id)],
    ['charge.refunded', (id) => this.ofRefundedCharge(id)],
    ['refund.', (id) => this.ofRefund(id)],
    ['setup_intent.succeeded', (id) => this.ofSetup(id)],
    ['payment_method.detached', (id) => Promise.resolve([{ kind: 'method_removed', externalId: id }])],
  ];

  constructor(
    private readonly client: StripeClient,
    private readonly intents: StripeIntents,
  ) {}

  /** @throws errors of the SDK */
  async read(type: string, objectId: string): Promise<readonly CallbackNews[]> {
    const [, read] = this.readers.find(([prefix]) => type.startsWith(prefix)) ?? [];
    return read ? read(objectId) : NOTHING;
  }

  private async ofIntent(id: string): Promise<readonly CallbackNews[]> {
    return this.newsOf(await this.intents.retrieve(id));
  }

  private async ofSession(id: string): Promise<readonly CallbackNews[]> {
    const session = await this.intents.retrieveSession(id);
    if (this.isElsewhere(session)) return NOTHING;
    const { payment_intent: intent } = session;
    if (intent && typeof intent === 'object' && session.status === 'complete') return this.newsOf(intent);
    const paymentId = session.metadata?.payment_id;
    return [{ kind: 'payment', paymentId, externalId: id, outcome: outcomeOfSession(session) }];
  }

  /** While a hosted page is open its session tells, not the intent behind it. */
  private newsOf(intent: Stripe.PaymentIntent): readonly CallbackNews[] {
    const { payment_id: paymentId, source } = intent.metadata;
    const isBehindPage = source === 'checkout' && intent.status !== 'succeeded';
    if (this.isElsewhere(intent) || isBehindPage) return NOTHING;
    const outcome = outcomeOfIntent(intent, isServerConfirmed({ source }));
    return [{ kind: 'payment', paymentId, externalId: intent.id, outcome }];
  }

  private async ofDispute(id: string): Promise<readonly CallbackNews[]> {
    const dispute = await this.client.api.disputes.retrieve(id);
    const state = disputeState(dispute);
    const paymentId = state && (await this.paymentIdOf(dispute.payment_intent));
    if (!state || !paymentId) return NOTHING;
    const amountMicro = microFromCents(dispute.amount);
    return [{ kind: 'dispute', externalId: id, paymentId, amountMicro, state }];
  }

  private async ofRefundedCharge(id: string): Promise<readonly CallbackNews[]> {
    const refunds = await this.client.api.refunds.list({ charge: id, limit: 100 });
    const news = await Promise.all(refunds.data.map((refund) => this.newsOfRefund(refund)));
    return news.flat();
  }

  private async ofRefund(id: string): Promise<readonly CallbackNews[]> {
    return this.newsOfRefund(await this.client.api.refunds.retrieve(id));
  }

  private async newsOfRefund(refund: Stripe.Refund): Promise<readonly CallbackNews[]> {
    const paymentId = refund.metadata?.payment_id ?? (await this.paymentIdOf(refund.payment_intent));
    if (!paymentId) return NOTHING;
    return [
      {
        kind: 'refund',
        externalId: refund.id,
        refundId: refund.metadata?.refund_id,
        paymentId,
        amountMicro: microFromCents(refund.amount),
        state: refundState(refund),
      },
    ];
  }

  private async ofSetup(id: string): Promise<readonly CallbackNews[]> {
    const setup = await this.client.api.setupIntents.retrieve(id, { expand: ['payment_method'] });
    const method = savedMethodOf(setup.payment_method);
    const userId = setup.metadata?.user_id;
    if (this.isElsewhere(setup) || !userId || !method) return NOTHING;
    return [{ kind: 'method', userId, method }];
  }

  private async paymentIdOf(intent: string | Stripe.PaymentIntent | null): Promise<string | undefined> {
    if (intent === null) return undefined;
    const whole = typeof intent === 'string' ? await this.intents.retrieve(intent) : intent;
    return this.isElsewhere(whole) ? undefined : whole.metadata.payment_id;
  }

  /** Another deployment that shares the account, or money of the other mode. */
  private isElsewhere({
    metadata,
    livemode,
  }: {
    metadata: Stripe.Metadata | null;
    livemode: boolean;
  }): boolean {
    const env = metadata?.env;
    return livemode !== this.client.isLive || (env !== undefined && env !== this.client.environment);
  }
}

/** Inquiries (`warning_…`) and prevented disputes move no money. */
function disputeState({
  status,
  balance_transactions: moves,
}: Stripe.Dispute): DisputeNews['state'] | undefined {
  // Money out and in again: reinstated, whatever the status says yet.
  if (moves.length > 1 && moves.reduce((sum, { amount }) => sum + amount, 0) >= 0) return 'won';
  if (status === 'won') return 'won';
  if (status === 'lost') return 'lost';
  return status.startsWith('warning_') || status === 'prevented' ? undefined : 'open';
}
