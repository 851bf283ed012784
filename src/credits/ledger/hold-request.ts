import { newId } from '../../common/id.js';
import { inputHash } from '../../database/input-hash.js';
import type { CreditHold, HoldPurpose } from './hold.entity.js';
import type { Posting } from './posting-rows.js';

/** What to set aside. The same key with the same user, amount, purpose and reference is the same hold. */
export interface HoldRequest {
  userId: string;
  /** Zero is allowed: something free still has its hold. */
  amountMicro: number;
  purpose: HoldPurpose;
  reference: string;
  /** Unique per user, for ever. */
  idempotencyKey: string;
  /** Epoch ms after which the hold expires by itself. */
  leaseUntil?: number;
}

/** A charge against a hold; the user comes from the hold. */
export type Capture = Omit<Posting, 'userId' | 'amountMicro' | 'holdId'> & {
  holdId: string;
  /** Positive. */
  amountMicro: number;
};

/** @throws RangeError for an amount that cannot be held */
export function holdFor(request: HoldRequest, now: number): CreditHold {
  const { userId, amountMicro, purpose, reference, idempotencyKey, leaseUntil = null } = request;
  requireHoldable(amountMicro);
  return {
    id: newId(),
    userId,
    purpose,
    reference,
    idempotencyKey,
    inputHash: inputHash([userId, amountMicro, purpose, reference]),
    amountMicro,
    capturedMicro: 0,
    state: 'open',
    settledMicro: null,
    leaseUntil,
    createdAt: now,
    closedAt: null,
  };
}

export function requireHoldable(amountMicro: number): void {
  if (Number.isSafeInteger(amountMicro) && amountMicro >= 0) return;
  throw new RangeError(`not an amount to hold: ${amountMicro}`);
}
