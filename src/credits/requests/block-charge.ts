import type { Capture } from '../ledger/hold-request.js';
import type { CreditHold } from '../ledger/hold.entity.js';

/** The charge that brings what is posted of a block up to `spentMicro`. Its amount may be zero. */
export function chargeOf(hold: CreditHold, spentMicro: number): Capture {
  return {
    holdId: hold.id,
    amountMicro: Math.max(0, spentMicro - hold.capturedMicro),
    code: 'request_usage',
    idempotencyKey: `requests:${hold.id}:${spentMicro}`,
    reference: 'requests',
  };
}
