import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import type { Payment } from '../../payments/payment.entity.js';
import type { CallbackReader } from '../callback-reader.js';
import type {
  MethodCapability,
  PaymentPlan,
  PaymentProcessor,
  PaymentRequest,
  ProcessorOutcome,
  RefundCapability,
  StatementCapability,
} from '../payment-processor.js';
import { StripeCapabilities } from './stripe-capabilities.js';
import { isServerConfirmed, unpackInstructions } from './stripe-instructions.js';
import { StripeIntents } from './stripe-intents.js';
import { StripePlanner } from './stripe-planner.js';
import { outcomeOfError } from './stripe.errors.js';
import { outcomeOfIntent, outcomeOfSession } from './stripe.mapping.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const NOT_FOUND: ProcessorOutcome = { state: 'unknown', detail: 'not_found' };

/** Cards through Stripe: PaymentIntents, Checkout pages and saved methods. */
@Injectable()
export class StripeProcessor implements PaymentProcessor {
  readonly name = 'stripe';
  readonly callbacks: CallbackReader;
  readonly methods: MethodCapability;
  readonly refunds: RefundCapability;
  readonly statements: StatementCapability;
  readonly polling = { intervalMs: 5 * MINUTE_MS, giveUpAfterMs: 24 * HOUR_MS };

  constructor(
    private readonly planner: StripePlanner,
    private readonly intents: StripeIntents,
    { callbacks, methods, refunds, statements }: StripeCapabilities,
  ) {
    this.callbacks = callbacks;
    this.methods = methods;
    this.refunds = refunds;
    this.statements = statements;
  }

  get isConfigured(): boolean {
    return this.intents.isConfigured;
  }

  plan(request: PaymentRequest): Promise<PaymentPlan> {
    return this.planner.plan(request);
  }

  create(payment: Payment): Promise<ProcessorOutcome> {
    const { source } = unpackInstructions(payment.instructions);
    return this.settled(payment, async () =>
      source === 'checkout'
        ? outcomeOfSession(await this.intents.createSession(payment))
        : this.read(payment, await this.intents.create(payment)),
    );
  }

  retrieve(payment: Payment): Promise<ProcessorOutcome> {
    const { externalId } = payment;
    if (externalId === null) return this.findLost(payment);
    return this.settled(payment, async () =>
      externalId.startsWith('cs_')
        ? this.readSession(payment, await this.intents.retrieveSession(externalId))
        : this.read(payment, await this.intents.retrieve(externalId)),
    );
  }

  /** What cannot be canceled has gone on meanwhile: then its present state is the answer. */
  async cancel(payment: Payment): Promise<ProcessorOutcome> {
    const { externalId } = payment;
    if (externalId === null) return this.retrieve(payment);
    const outcome = await this.settled(payment, async () =>
      externalId.startsWith('cs_')
        ? outcomeOfSession(await this.intents.expireSession(externalId))
        : this.read(payment, await this.intents.cancel(externalId)),
    );
    return outcome.state === 'canceled' || outcome.state === 'expired' ? outcome : this.retrieve(payment);
  }

  /** Its creation was never answered: look for it, else ask for the same again as long as Stripe knows the key. */
  private async findLost(payment: Payment): Promise<ProcessorOutcome> {
    const found = await this.settled(payment, async () => {
      const intent = await this.intents.search(payment);
      return intent ? this.read(payment, intent) : NOT_FOUND;
    });
    if (found !== NOT_FOUND) return found;
    const mayAsk = this.intents.isKeyRemembered(payment);
    return mayAsk ? this.create(payment) : { state: 'failed', detail: 'never_created' };
  }

  private async settled(payment: Payment, ask: () => Promise<ProcessorOutcome>): Promise<ProcessorOutcome> {
    try {
      return await ask();
    } catch (error) {
      return outcomeOfError(error, isServerConfirmed(unpackInstructions(payment.instructions)));
    }
  }

  private read(payment: Payment, intent: Stripe.PaymentIntent): ProcessorOutcome {
    if (!this.intents.isOurs(intent)) return { state: 'unknown', detail: 'wrong_mode' };
    return outcomeOfIntent(intent, isServerConfirmed(unpackInstructions(payment.instructions)));
  }

  private readSession(payment: Payment, session: Stripe.Checkout.Session): ProcessorOutcome {
    const { payment_intent: intent } = session;
    const hasIntent = intent !== null && typeof intent === 'object';
    if (hasIntent && session.status === 'complete') return this.read(payment, intent);
    return outcomeOfSession(session);
  }
}
