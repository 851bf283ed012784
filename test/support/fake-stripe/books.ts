import { formOf, mapOf, textOf, type Form } from './form.js';
import {
  notFound,
  StripeFault,
  wrongState,
  type Dispute,
  type Intent,
  type Method,
  type Movement,
  type Refund,
  type Session,
  type Setup,
} from './objects.js';

type Emit = (type: string, object: { id: string }) => void;

const DECLINES: ReadonlyMap<string, { code: string; decline_code?: string }> = new Map([
  ['pm_card_visa_chargeDeclined', { code: 'card_declined', decline_code: 'generic_decline' }],
  [
    'pm_card_visa_chargeDeclinedInsufficientFunds',
    { code: 'card_declined', decline_code: 'insufficient_funds' },
  ],
]);
const BEHAVIOURS = new Set([
  'pm_card_visa',
  'pm_card_mastercard',
  'pm_card_amex',
  'pm_card_authenticationRequired',
  'pm_card_createDispute',
  ...DECLINES.keys(),
]);

/** Stripe's state: objects, how they change, and what each change tells the world. */
export class StripeBooks {
  readonly customers = new Map<
    string,
    { id: string; object: 'customer'; metadata: Record<string, string> }
  >();
  readonly methods = new Map<string, Method>();
  readonly intents = new Map<string, Intent>();
  readonly sessions = new Map<string, Session>();
  readonly refunds = new Map<string, Refund>();
  readonly disputes = new Map<string, Dispute>();
  readonly setups = new Map<string, Setup>();
  readonly movements: Movement[] = [];
  private counter = 0;

  constructor(
    private readonly emit: Emit,
    private readonly nowSeconds: () => number,
    readonly isLive: boolean,
  ) {}

  id(prefix: string): string {
    this.counter += 1;
    return `${prefix}_fake${String(this.counter).padStart(6, '0')}`;
  }

  createCustomer(form: Form): { id: string } {
    const customer = { id: this.id('cus'), object: 'customer' as const, metadata: mapOf(form, 'metadata') };
    this.customers.set(customer.id, customer);
    return customer;
  }

  deleteCustomer(id: string): { id: string; deleted: boolean } {
    return { id, deleted: this.customers.delete(id) };
  }

  createIntent(form: Form): Intent {
    const intent: Intent = {
      id: this.id('pi'),
      object: 'payment_intent',
      amount: Number(textOf(form, 'amount')),
      amount_received: 0,
      currency: textOf(form, 'currency') ?? '',
      status: 'requires_payment_method',
      client_secret: null,
      metadata: mapOf(form, 'metadata'),
      livemode: this.isLive,
      setup_future_usage: (textOf(form, 'setup_future_usage') as 'off_session' | undefined) ?? null,
      cancellation_reason: null,
      created: this.nowSeconds(),
      customer: textOf(form, 'customer') ?? null,
      payment_method: null,
      latest_charge: null,
      last_payment_error: null,
      next_action: null,
    };
    if (intent.amount < 50) throw tooSmall();
    intent.client_secret = `${intent.id}_secret_${this.id('x')}`;
    const method = this.methodFrom(form, intent.customer);
    this.intents.set(intent.id, intent);
    this.emit('payment_intent.created', intent);
    const isOffSession = textOf(form, 'off_session') === 'true';
    if (textOf(form, 'confirm') === 'true') this.charge(intent, method, isOffSession);
    return intent;
  }

  /** Confirms with a method: by us, or by the payer with the client secret. */
  charge(intent: Intent, method: Method | undefined, isOffSession: boolean): void {
    if (!method) throw notFound('payment method', 'payment_method');
    if (intent.status === 'succeeded' || intent.status === 'canceled') throw wrongState(intent.status);
    const decline = DECLINES.get(method.behaviour);
    if (decline) throw this.decline(intent, decline);
    intent.payment_method = method.id;
    if (method.behaviour === 'pm_card_authenticationRequired') {
      if (isOffSession) throw this.decline(intent, { code: 'authentication_required' });
      intent.status = 'requires_action';
      intent.next_action = { type: 'use_stripe_sdk' };
      this.emit('payment_intent.requires_action', intent);
      return;
    }
    this.succeed(intent, method);
  }

  succeed(intent: Intent, method?: Method): void {
    intent.status = 'succeeded';
    intent.next_action = null;
    intent.last_payment_error = null;
    intent.amount_received = intent.amount;
    intent.latest_charge = this.id('ch');
    if (method && intent.setup_future_usage) method.customer = intent.customer;
    this.move('charge', intent.amount, intent.latest_charge);
    this.emit('payment_intent.succeeded', intent);
    if (method?.behaviour === 'pm_card_createDispute') this.openDispute(intent.id);
  }

  process(intent: Intent): void {
    intent.status = 'processing';
    this.emit('payment_intent.processing', intent);
  }

  cancel(intent: Intent): Intent {
    if (intent.status === 'succeeded' || intent.status === 'canceled') throw wrongState(intent.status);
    intent.status = 'canceled';
    intent.cancellation_reason = 'abandoned';
    this.emit('payment_intent.canceled', intent);
    return intent;
  }

  createSession(form: Form): Session {
    const item = formOf(formOf(form, 'line_items'), '0');
    const price = formOf(item, 'price_data');
    const id = this.id('cs');
    const session: Session = {
      id,
      object: 'checkout.session',
      status: 'open',
      url: `https://checkout.example/${id}`,
      livemode: this.isLive,
      metadata: mapOf(form, 'metadata'),
      payment_intent: null,
      order: {
        amount: Number(textOf(price, 'unit_amount')),
        currency: textOf(price, 'currency') ?? '',
        metadata: mapOf(formOf(form, 'payment_intent_data'), 'metadata'),
      },
    };
    this.sessions.set(id, session);
    return session;
  }

  /** The payer fills in the page. */
  payPage(session: Session, behaviour: string): void {
    const { amount, currency, metadata } = session.order;
    const intent = this.createIntent({ amount: String(amount), currency, metadata });
    session.payment_intent = intent.id;
    this.charge(intent, this.methodFrom({ payment_method: behaviour }, null), false);
    session.status = 'complete';
    this.emit('checkout.session.completed', session);
  }

  expireSession(session: Session): Session {
    if (session.status !== 'open') throw wrongState(String(session.status));
    session.status = 'expired';
    this.emit('checkout.session.expired', session);
    return session;
  }

  createRefund(form: Form): Refund {
    const intent = this.find(this.intents, textOf(form, 'payment_intent'), 'payment_intent');
    if (intent.status !== 'succeeded') throw wrongState(intent.status);
    const before = [...this.refunds.values()].filter(
      ({ payment_intent, status }) => payment_intent === intent.id && status !== 'failed',
    );
    const left = intent.amount_received - before.reduce((sum, { amount }) => sum + amount, 0);
    const amount = Number(textOf(form, 'amount') ?? left);
    if (amount > left)
      throw new StripeFault(400, { type: 'invalid_request_error', code: 'charge_already_refunded' });
    const refund: Refund = {
      id: this.id('re'),
      object: 'refund',
      amount,
      currency: intent.currency,
      status: 'succeeded',
      metadata: mapOf(form, 'metadata'),
      created: this.nowSeconds(),
      charge: intent.latest_charge ?? '',
      payment_intent: intent.id,
    };
    this.refunds.set(refund.id, refund);
    this.move('refund', -amount, refund.id);
    this.emit('refund.created', refund);
    this.emit('charge.refunded', { id: refund.charge });
    return refund;
  }

  failRefund(refund: Refund): void {
    refund.status = 'failed';
    refund.failure_reason = 'expired_or_canceled_card';
    this.move('refund_failure', refund.amount, refund.id);
    this.emit('refund.failed', refund);
  }

  openDispute(intentId: string, status: string = 'needs_response'): Dispute {
    const intent = this.find(this.intents, intentId, 'payment_intent');
    const isInquiry = status.startsWith('warning_');
    const dispute: Dispute = {
      id: this.id('du'),
      object: 'dispute',
      amount: intent.amount,
      currency: intent.currency,
      status,
      created: this.nowSeconds(),
      charge: intent.latest_charge ?? '',
      payment_intent: intent.id,
      balance_transactions: isInquiry ? [] : [{ amount: -intent.amount }],
    };
    this.disputes.set(dispute.id, dispute);
    this.emit('charge.dispute.created', dispute);
    if (isInquiry) return dispute;
    this.move('adjustment', -intent.amount, dispute.id);
    this.emit('charge.dispute.funds_withdrawn', dispute);
    return dispute;
  }

  closeDispute(dispute: Dispute, status: 'won' | 'lost'): void {
    dispute.status = status;
    if (status === 'won') {
      dispute.balance_transactions.push({ amount: dispute.amount });
      this.move('adjustment', dispute.amount, dispute.id);
      this.emit('charge.dispute.funds_reinstated', dispute);
    }
    this.emit('charge.dispute.closed', dispute);
  }

  createSetup(form: Form): Setup {
    const id = this.id('seti');
    const customer = textOf(form, 'customer') ?? null;
    const setup: Setup = {
      id,
      object: 'setup_intent',
      status: 'requires_payment_method',
      client_secret: `${id}_secret_${this.id('x')}`,
      metadata: mapOf(form, 'metadata'),
      livemode: this.isLive,
      customer,
      payment_method: null,
      next_action: null,
    };
    this.setups.set(id, setup);
    if (textOf(form, 'confirm') === 'true') this.confirmSetup(setup, this.methodFrom(form, customer));
    return setup;
  }

  confirmSetup(setup: Setup, method: Method | undefined): void {
    if (!method) throw notFound('payment method', 'payment_method');
    const decline = DECLINES.get(method.behaviour);
    if (decline)
      throw new StripeFault(402, { type: 'card_error', message: 'Your card was declined.', ...decline });
    setup.payment_method = method.id;
    setup.status = 'succeeded';
    method.customer = setup.customer;
    this.emit('setup_intent.succeeded', setup);
  }

  detach(method: Method): Method {
    if (method.customer === null) throw wrongState('detached');
    method.customer = null;
    this.emit('payment_method.detached', method);
    return method;
  }

  /** `pm_card_visa` and `tok_visa` stand for a new method each time; others must exist and belong to the customer. */
  methodFrom(form: Form, customer: string | null): Method | undefined {
    const token = textOf(formOf(formOf(form, 'payment_method_data'), 'card'), 'token');
    const given = token === 'tok_visa' ? 'pm_card_visa' : textOf(form, 'payment_method');
    if (given === undefined) return undefined;
    if (BEHAVIOURS.has(given)) return this.newMethod(given);
    const method = this.find(this.methods, given, 'PaymentMethod', 'payment_method');
    if (method.customer !== null && method.customer !== customer)
      throw notFound('PaymentMethod', 'payment_method');
    return method;
  }

  find<T>(objects: ReadonlyMap<string, T>, id: string | undefined, what: string, param?: string): T {
    const object = objects.get(id ?? '');
    if (!object) throw notFound(what, param);
    return object;
  }

  private newMethod(behaviour: string): Method {
    const card = { brand: behaviour.split('_')[2], last4: '4242', exp_month: 12, exp_year: 2034 };
    const method: Method = {
      id: this.id('pm'),
      object: 'payment_method',
      type: 'card',
      customer: null,
      card,
      behaviour,
    };
    this.methods.set(method.id, method);
    return method;
  }

  private decline(intent: Intent, reason: { code: string; decline_code?: string }): StripeFault {
    intent.status = 'requires_payment_method';
    intent.last_payment_error = { type: 'card_error', ...reason };
    this.emit('payment_intent.payment_failed', intent);
    const error = { type: 'card_error', message: 'Your card was declined.', ...reason };
    return new StripeFault(402, { ...error, payment_intent: intent });
  }

  private move(type: Movement['type'], amount: number, source: string): void {
    const created = this.nowSeconds();
    const common = { object: 'balance_transaction' as const, currency: 'usd', created };
    this.movements.push({ id: this.id('txn'), amount, type, source, ...common });
  }
}

const tooSmall = (): StripeFault =>
  new StripeFault(400, {
    type: 'invalid_request_error',
    code: 'amount_too_small',
    message: 'Amount must be at least $0.50 usd',
    param: 'amount',
  });
