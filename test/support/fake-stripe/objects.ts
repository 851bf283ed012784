import type Stripe from 'stripe';

/** The parts of Stripe's objects that anybody here looks at, held to the SDK's own types. */

export type Method = Pick<Stripe.PaymentMethod, 'id' | 'object' | 'type'> & {
  customer: string | null;
  card: Pick<Stripe.PaymentMethod.Card, 'brand' | 'last4' | 'exp_month' | 'exp_year'>;
  /** How it behaves: one of Stripe's test methods. */
  behaviour: string;
};

export type Intent = Pick<
  Stripe.PaymentIntent,
  | 'id'
  | 'object'
  | 'amount'
  | 'amount_received'
  | 'currency'
  | 'status'
  | 'client_secret'
  | 'metadata'
  | 'livemode'
  | 'setup_future_usage'
  | 'cancellation_reason'
  | 'created'
> & {
  customer: string | null;
  payment_method: string | null;
  latest_charge: string | null;
  last_payment_error: { type: 'card_error'; code: string; decline_code?: string } | null;
  next_action: { type: string; redirect_to_url?: { url: string; return_url: string | null } } | null;
};

export type Session = Pick<
  Stripe.Checkout.Session,
  'id' | 'object' | 'status' | 'url' | 'livemode' | 'metadata'
> & {
  payment_intent: string | null;
  /** What the intent will be made from. */
  order: { amount: number; currency: string; metadata: Record<string, string> };
};

export type Refund = Pick<
  Stripe.Refund,
  'id' | 'object' | 'amount' | 'currency' | 'status' | 'metadata' | 'created'
> & {
  charge: string;
  payment_intent: string;
  failure_reason?: string;
};

export type Dispute = Pick<Stripe.Dispute, 'id' | 'object' | 'amount' | 'currency' | 'status' | 'created'> & {
  charge: string;
  payment_intent: string;
  balance_transactions: { amount: number }[];
};

export type Setup = Pick<
  Stripe.SetupIntent,
  'id' | 'object' | 'status' | 'client_secret' | 'metadata' | 'livemode'
> & {
  customer: string | null;
  payment_method: string | null;
  next_action: null;
};

export interface Movement {
  id: string;
  object: 'balance_transaction';
  amount: number;
  currency: string;
  type: 'charge' | 'refund' | 'adjustment' | 'refund_failure';
  source: string;
  created: number;
}

/** An error of Stripe's, as its API answers it. */
export class StripeFault extends Error {
  constructor(
    readonly status: number,
    readonly body: Record<string, unknown>,
  ) {
    super(String(body.message));
  }
}

export const notFound = (what: string, param?: string): StripeFault =>
  new StripeFault(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}`,
    param,
  });

export const wrongState = (status: string): StripeFault =>
  new StripeFault(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `This object cannot do that in status ${status}.`,
  });
