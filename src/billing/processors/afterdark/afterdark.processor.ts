import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppConfig, type PaymentsConfig } from '../../../config/config.js';
import type { ProbeAnswer } from '../../../egress/probe.client.js';
import { paymentConflict, paymentProviderUnavailable } from '../../billing.errors.js';
import { PaymentAlerts } from '../../payments/payment-alerts.js';
import type { Payment } from '../../payments/payment.entity.js';
import type {
  PaymentPlan,
  PaymentProcessor,
  PaymentRequest,
  ProcessorOutcome,
} from '../payment-processor.js';
import { AfterDarkCallbacks } from './afterdark.callbacks.js';
import { AfterDarkClient } from './afterdark.client.js';
import { outcomeOf } from './afterdark.mapping.js';
import { checkoutBody, keyOf, readStatus, readTransaction } from './afterdark.wire.js';

const MINUTE_MS = 60_000;
const BAD_ANSWER: ProcessorOutcome = { state: 'failed', detail: 'bad_provider_answer' };

/**
 * AfterDark's billing. Nobody has published its contract, so it is treated as hostile: its word is believed only when
 * it is signed, or when we asked for it, and only for the amount that was ordered.
 */
@Injectable()
export class AfterDarkProcessor implements PaymentProcessor, OnModuleInit {
  readonly name = 'afterdark';
  readonly polling = { intervalMs: 5 * MINUTE_MS, giveUpAfterMs: 24 * 60 * MINUTE_MS };
  private readonly logger = new Logger(AfterDarkProcessor.name);
  private readonly settings: PaymentsConfig['afterDark'];

  constructor(
    { payments }: AppConfig,
    private readonly client: AfterDarkClient,
    readonly callbacks: AfterDarkCallbacks,
    private readonly alerts: PaymentAlerts,
  ) {
    this.settings = payments.afterDark;
  }

  onModuleInit(): void {
    if (this.isConfigured && this.settings.isSyncTrusted)
      this.logger.warn({
        msg: 'AFTERDARK_TRUST_SYNC gives credits on an unsigned answer: a risk of the operator',
      });
  }

  get isConfigured(): boolean {
    return this.client.isConfigured;
  }

  plan({ preference, returnUrl }: PaymentRequest): Promise<PaymentPlan> {
    const { waitSeconds } = this.client.breaker;
    if (waitSeconds > 0) throw paymentProviderUnavailable(waitSeconds);
    const isToken = preference?.kind === 'card' && preference.source === 'token';
    if (preference && !isToken) throw paymentConflict();
    const instructions = { returnUrl, token: isToken ? preference.token : undefined };
    return Promise.resolve({ method: 'card', instructions, warnings: [] });
  }

  async create(payment: Payment): Promise<ProcessorOutcome> {
    const body = checkoutBody(payment, this.settings.amountFormat);
    const reply = await this.client.order(body, keyOf(payment));
    if (reply.kind === 'unsent') return { state: 'failed', detail: 'provider_unreachable' };
    if (reply.kind === 'lost') return { state: 'pending', detail: 'provider_unanswered' };
    return this.readOrder(payment, reply.answer);
  }

  async retrieve(payment: Payment): Promise<ProcessorOutcome> {
    if (payment.externalId === null) return { state: 'unknown' };
    const reply = await this.client.status(payment.externalId);
    if (reply?.kind !== 'answer' || reply.answer.status !== 200) return { state: 'unknown' };
    const transaction = reply.answer.isTruncated ? undefined : readTransaction(reply.answer.body);
    if (transaction?.transactionId !== payment.externalId) return { state: 'unknown' };
    return this.reported(payment, outcomeOf(payment, transaction));
  }

  /** What the order itself is answered is no evidence, unless the operator takes that risk. */
  private readOrder(payment: Payment, answer: ProbeAnswer): ProcessorOutcome {
    const { status, isTruncated, body } = answer;
    if (status >= 400) return { state: 'failed', detail: status === 402 ? 'declined' : 'provider_refused' };
    const transaction = isTruncated || status >= 300 ? undefined : readTransaction(body);
    if (!transaction) return BAD_ANSWER;
    const isUnproven = readStatus(transaction.status) === 'paid' && !this.settings.isSyncTrusted;
    if (isUnproven) return { state: 'pending', externalId: transaction.transactionId };
    const named = {
      amountMicro: payment.amountMicro,
      currency: payment.currency,
      ...withoutGaps(transaction),
    };
    return this.reported(payment, outcomeOf(payment, { ...transaction, ...named }));
  }

  private reported(payment: Payment, outcome: ProcessorOutcome): ProcessorOutcome {
    if (outcome.state === 'pending' && outcome.detail === 'unknown_provider_status')
      this.alerts.raise('unknown_provider_status', { payment: payment.id, provider: this.name });
    return outcome;
  }
}

function withoutGaps(transaction: object): object {
  return Object.fromEntries(Object.entries(transaction).filter(([, value]) => value !== undefined));
}
