/** Where a payment stands. `created`: the row exists, the processor has not been asked yet (callers see `pending`). */
export const PAYMENT_STATUSES = [
  'created',
  'pending',
  'requires_action',
  'partially_paid',
  'completed',
  'failed',
  'canceled',
  'expired',
  'partially_refunded',
  'refunded',
  'disputed',
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** Nothing has been decided yet: these are polled, and given up when they get too old. */
export const OPEN_STATUSES = ['created', 'pending', 'requires_action'] as const satisfies PaymentStatus[];

/** No money has been credited in full. Verified money is credited from any of these: it has arrived, whatever was thought. */
export const UNPAID_STATUSES = [
  ...OPEN_STATUSES,
  'partially_paid',
  'failed',
  'canceled',
  'expired',
] as const satisfies PaymentStatus[];

/** Money was credited in full; which of them follows from what was refunded and disputed. */
export const SETTLED_STATUSES = [
  'completed',
  'partially_refunded',
  'refunded',
  'disputed',
] as const satisfies PaymentStatus[];

/**
 * Statuses that a payment may have when the processor's word is written down; any other is a stale word and changes
 * nothing. `completed`, `partially_paid` and what follows are missing: only credits that are posted lead there.
 */
export const MAY_BECOME = {
  pending: ['created', 'pending', 'requires_action'],
  requires_action: ['created', 'pending', 'requires_action'],
  failed: OPEN_STATUSES,
  canceled: OPEN_STATUSES,
  expired: OPEN_STATUSES,
} as const satisfies Partial<Record<PaymentStatus, readonly PaymentStatus[]>>;

export type UnpaidOutcome = keyof typeof MAY_BECOME;

/** The status of a payment that was credited in full. */
export function settledStatus(payment: {
  creditedMicro: number;
  refundedMicro: number;
  isDisputed: boolean;
}): (typeof SETTLED_STATUSES)[number] {
  if (payment.isDisputed) return 'disputed';
  if (payment.refundedMicro === 0) return 'completed';
  return payment.refundedMicro < payment.creditedMicro ? 'partially_refunded' : 'refunded';
}
