import type { PaymentPreference } from '../cards/payment-preference.js';
import type { Payment, PaymentInstructions, PaymentProviderName } from '../payments/payment.entity.js';
import type { CallbackReader } from './callback-reader.js';

/** Injects the configured family: `@Inject(PAYMENT_PROCESSORS) processors: readonly PaymentProcessor[]`. */
export const PAYMENT_PROCESSORS = Symbol('PAYMENT_PROCESSORS');

/**
 * A way to pay. A new one is a file (or folder) plus a line in `index.ts`, and appears by itself in validation, in the
 * OpenAPI document and in the shared contract suite.
 *
 * The story of a payment, and who is responsible for what:
 *
 * 1. `plan` looks at the request before anything exists. What cannot be done is *thrown* here, as a DomainError.
 * 2. The payment's row is committed in status `created`; from now on its id is the idempotency key of everything.
 * 3. `create` talks to the processor. From here on outcomes are *returned*: a declined card, an answer that never came
 *    and a bad answer are outcomes, not errors. It may be called again for the same payment (a process died, an answer
 *    was lost) and must then lead to the same payment at the processor, never to a second one.
 * 4. `retrieve` asks how it stands: after a call-back, by the poller, before anything is credited.
 * 5. `PaymentOutcomes` and `PaymentSettlement` write outcomes down: the state machine and the ledger's postings live
 *    there, once, for all processors. Only a `paid` outcome leads to credits, so `paid` must rest on evidence that the processor itself gave
 *    over an authenticated channel; a request of the payer's is no evidence.
 *
 * Amounts are integer micro-credits (1 credit = 1 USD). Nothing here may hold, log or return a card number.
 */
export interface PaymentProcessor {
  /** Its word on the wire, lower case: `provider` in bodies, `X-Billing`, `payment_provider` in answers. */
  readonly name: PaymentProviderName;

  /** False: everything that needs it is answered 501 `provider_not_configured`. */
  readonly isConfigured: boolean;

  /**
   * Checks a request and says how it will be carried out. Opens no payment and no row.
   * @throws DomainError 422 for amounts, networks, assets and methods that are not possible; 503 when the processor is
   *   known to be down
   */
  plan(request: PaymentRequest): Promise<PaymentPlan>;

  /** Opens the payment at the processor, or finds the one that an earlier call has opened. Does not throw outcomes. */
  create(payment: Payment): Promise<ProcessorOutcome>;

  /** How the payment stands now. */
  retrieve(payment: Payment): Promise<ProcessorOutcome>;

  /** Gives up what nobody has paid. Returns what it is then: `canceled`, or `paid` when the payer was faster. */
  cancel?(payment: Payment): Promise<ProcessorOutcome>;

  /** When an open payment is looked at again; undefined = call-backs or own watchers see to it. */
  readonly polling?: PollingPlan;

  /** Gives money back. Absent: 422 `refund_not_supported`. */
  readonly refunds?: RefundCapability;

  /** Keeps payment methods for later. Absent: 422 `saving_not_supported`. */
  readonly methods?: MethodCapability;

  /** The processor's own books, to compare ours with. */
  readonly statements?: StatementCapability;

  /** Understands the processor's call-backs. Absent: POST billing/webhooks/{name} answers 404. */
  readonly callbacks?: CallbackReader;
}

/** What the caller asked for; already checked: positive, at most 2 decimals, USD. */
export interface PaymentRequest {
  userId: string;
  amountMicro: number;
  currency: 'USD';
  /** The header X-Preferred-Payment, parsed; card numbers are gone by then. */
  preference?: PaymentPreference;
  /** Symbol of a crypto asset. */
  asset?: string;
  /** Where a hosted page sends the payer afterwards. */
  returnUrl?: string;
  /** With `card:saved`: which of the saved methods; default: the latest. */
  savedMethodId?: string;
  /** Keep the method for later payments. */
  isSaved: boolean;
  /** A renewal: the payer is not there, so nothing may be asked of them. */
  isOffSession: boolean;
}

export interface PaymentPlan {
  /** `payment_method` in answers: `card`, `checkout`, `crypto:ethereum`. At most 64 characters. */
  method: string;
  /** Kept in the row as it is; `create` must be able to ask for exactly the same again with it alone. */
  instructions: PaymentInstructions;
  /** Parts of the request that are left out though the payment goes on. */
  warnings: readonly PaymentWarning[];
}

export interface PaymentWarning {
  /** Stable, snake_case. */
  code: string;
  detail: string;
}

/** How a payment stands, in the processor's own word. */
export type ProcessorOutcome =
  /** On its way; nothing for the payer to do that `nextAction` does not say. */
  | { state: 'pending'; externalId?: string; nextAction?: NextAction; detail?: string }
  /** The payer has to do something first. */
  | { state: 'requires_action'; externalId?: string; nextAction: NextAction; detail?: string }
  /** The money has arrived. */
  | { state: 'paid'; evidence: PaymentEvidence; detail?: string }
  /** It will not come to anything. `detail` is a stable word, e.g. `card_declined`. */
  | { state: 'failed' | 'canceled' | 'expired'; externalId?: string; detail?: string }
  /** Asked, and no usable answer came: the payment may or may not exist. Ask again later, with the same key. */
  | { state: 'unknown'; detail?: string };

/**
 * Proof that money arrived. `PaymentOutcomes` compares it with the row and refuses (with an alert) what does not
 * match in payment id, amount or currency.
 */
export interface PaymentEvidence {
  /** The processor's id; must be nobody else's. */
  externalId: string;
  /** Our payment's id, as the processor has it. */
  paymentId: string;
  /** What arrived. */
  amountMicro: number;
  /** Upper case. */
  currency: string;
  /** Key of the one posting in the ledger, e.g. `stripe:pi:{id}`: the same on every way the evidence may come. */
  postingKey: string;
  /** The payment was known by another id until it was paid (a page's, say). */
  replacesId?: boolean;
  /** The method, when the processor keeps it for later payments. */
  savedMethod?: SavedMethodDetails;
}

export interface SavedMethodDetails {
  externalId: string;
  brand: string;
  last4: string;
  expMonth: number;
  expYear: number;
}

/** What the payer has to do, as it goes on the wire. */
export type NextAction =
  | { type: 'confirm'; client_secret: string }
  | { type: 'redirect'; url: string }
  | {
      type: 'pay_to_address';
      network: string;
      chain_id: number;
      asset: string;
      address: string;
      /** Decimal text in units of the asset. */
      amount: string;
      expires_at: string;
    };

export interface PollingPlan {
  /** First look after the payment was created, then again after the same time, doubling up to an hour. */
  intervalMs: number;
  /** Older open payments are canceled when `cancel` is there, else reported to the operator once. */
  giveUpAfterMs: number;
}

export interface StatementCapability {
  /**
   * Every movement of money between two instants (the first inclusive), as far as it belongs to this deployment.
   * @throws anything when the processor cannot be asked
   */
  movements(fromMs: number, toMs: number): Promise<readonly Movement[]>;
}

/** One movement in a processor's books. `externalId` is the payment's, the refund's or the dispute's, by its kind. */
export interface Movement {
  kind: 'payment' | 'refund' | 'dispute';
  externalId: string;
  /** Positive when money came in. */
  amountMicro: number;
}

export interface MethodCapability {
  /**
   * Begins to keep a method of the user's: a given token at once, else the payer enters one with the client secret.
   * @throws DomainError 422 `invalid_payment_method`, 503 when the processor cannot be asked
   */
  save(userId: string, request: { token?: string; returnUrl?: string }): Promise<SavingOutcome>;

  /** The processor forgets the method; one that is gone already is fine. @throws DomainError 503 */
  detach(externalId: string): Promise<void>;

  /** The processor forgets the user; one that it never knew is fine. @throws DomainError 503 */
  forget(userId: string): Promise<void>;
}

export type SavingOutcome =
  { state: 'saved'; method: SavedMethodDetails } | { state: 'requires_action'; nextAction: NextAction };

export interface RefundCapability {
  /** Idempotent by `request.refundId`. A lost answer is `unknown`. */
  refund(payment: Payment, request: RefundRequest): Promise<RefundOutcome>;
}

export interface RefundRequest {
  refundId: string;
  amountMicro: number;
}

export type RefundOutcome =
  | { state: 'succeeded' | 'pending'; externalId: string }
  | { state: 'failed'; externalId?: string; detail: string }
  | { state: 'unknown' };
