import { createHash } from 'node:crypto';
import type { CreditEntry } from './entry.entity.js';
import type { CreditTransfer } from './transfer.entity.js';

/** The previous hash of an account's first entry. */
export const GENESIS_HASH = '0'.repeat(64);

type Scalar = string | number | null;
type Leg = Pick<CreditEntry, 'id' | 'account' | 'amountMicro'>;

/**
 * The hash of one user entry: the one before it, its own values, the whole transfer and both sides, so that no
 * stored field of a transfer can change without breaking the chain of the account.
 */
export function entryHash(entry: CreditEntry, transfer: CreditTransfer, legs: readonly Leg[]): string {
  const values: Scalar[] = [
    entry.prevHash,
    entry.account,
    entry.seq,
    entry.amountMicro,
    entry.balanceAfterMicro,
    entry.usedAfterMicro,
    entry.createdAt,
    ...transferValues(transfer),
    ...legs.flatMap((leg) => [leg.id, leg.account, leg.amountMicro]),
  ];
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}

function transferValues(transfer: CreditTransfer): Scalar[] {
  return [
    transfer.id,
    transfer.account,
    transfer.idempotencyKey,
    transfer.inputHash,
    transfer.code,
    transfer.holdId,
    transfer.reference,
    transfer.reason,
    transfer.actorId,
    transfer.requestId,
    transfer.eventAt,
    transfer.createdAt,
  ];
}
