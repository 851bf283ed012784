import type { PaymentInstructions } from '../../payments/payment.entity.js';

/** How a payment through Stripe is carried out; what stands in `payments.instructions`. */
export interface StripeInstructions {
  /** `none`: the payer chooses a card with the client secret. */
  source: 'none' | 'method' | 'card_token' | 'checkout';
  /** `pm_…` or `tok_…`. */
  token?: string;
  isSaved: boolean;
  isOffSession: boolean;
  /** The method belongs to the user's customer, so the payment has to, too. */
  isCustomers: boolean;
  returnUrl?: string;
}

export function packInstructions(instructions: StripeInstructions): PaymentInstructions {
  return { ...instructions };
}

export function unpackInstructions(stored: PaymentInstructions): StripeInstructions {
  return stored as unknown as StripeInstructions;
}

/** We confirm at once, with a method that was given. */
export function isServerConfirmed({ source }: { source?: string }): boolean {
  return source === 'method' || source === 'card_token';
}
