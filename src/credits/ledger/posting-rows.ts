import { newOrderedId } from '../../common/id.js';
import { inputHash } from '../../database/input-hash.js';
import type { CreditAccount } from './account.entity.js';
import type { CreditEntry } from './entry.entity.js';
import { entryHash } from './ledger-hash.js';
import { ruleOf, userAccount, type PlatformAccount, type TransferCode } from './transfer-codes.js';
import type { CreditTransfer } from './transfer.entity.js';

/** What to post. The same key with the same user, amount, code, sides, hold and reference is the same posting. */
export interface Posting {
  userId: string;
  /** Seen from the user: positive in, negative out, never zero. */
  amountMicro: number;
  code: TransferCode;
  /** Unique per user, for ever. */
  idempotencyKey: string;
  /** Instead of the code's usual other side. */
  counterAccount?: PlatformAccount;
  /** Pays from this open hold; only for amounts out. */
  holdId?: string;
  reference?: string;
  reason?: string;
  actorId?: string;
  requestId?: string;
  /** Epoch ms when it happened; default now. */
  eventAt?: number;
}

/** An account as a movement has left it. */
export type Standing = Pick<CreditAccount, 'seq' | 'postedMicro' | 'usedMicro' | 'lastHash'>;

/** @throws RangeError for an amount that is zero or has the wrong sign for its code */
export function transferFor(posting: Posting, now: number): CreditTransfer {
  requireFittingAmount(posting);
  return {
    id: newOrderedId(),
    account: userAccount(posting.userId),
    idempotencyKey: posting.idempotencyKey,
    inputHash: inputHashOf(posting),
    code: posting.code,
    holdId: posting.holdId ?? null,
    reference: posting.reference ?? null,
    reason: posting.reason ?? null,
    actorId: posting.actorId ?? null,
    requestId: posting.requestId ?? null,
    eventAt: posting.eventAt ?? now,
    createdAt: now,
  };
}

/** Two sides that add up to zero, the user's first. */
export function entriesFor(
  posting: Posting,
  transfer: CreditTransfer,
  standing: Standing,
): [user: CreditEntry & { hash: string }, platform: CreditEntry] {
  const { id: transferId, createdAt } = transfer;
  const { amountMicro } = posting;
  const unchained = { seq: null, balanceAfterMicro: null, usedAfterMicro: null, prevHash: null, hash: null };
  const platform: CreditEntry = {
    ...unchained,
    id: `${transferId}:1`,
    transferId,
    account: counterAccountOf(posting),
    amountMicro: -amountMicro,
    createdAt,
  };
  const user: CreditEntry = {
    id: `${transferId}:0`,
    transferId,
    account: transfer.account,
    amountMicro,
    seq: standing.seq,
    balanceAfterMicro: standing.postedMicro,
    usedAfterMicro: standing.usedMicro,
    prevHash: standing.lastHash,
    hash: null,
    createdAt,
  };
  return [{ ...user, hash: entryHash(user, transfer, [user, platform]) }, platform];
}

function inputHashOf(posting: Posting): string {
  const { userId, amountMicro, code, holdId = null, reference = null } = posting;
  return inputHash([userId, amountMicro, code, counterAccountOf(posting), holdId, reference]);
}

function counterAccountOf({ counterAccount, code }: Posting): PlatformAccount {
  return counterAccount ?? ruleOf(code).counterAccount;
}

function requireFittingAmount({ amountMicro, code, holdId }: Posting): void {
  const { direction } = ruleOf(code);
  const actual = amountMicro > 0 ? 'in' : 'out';
  const isFitting = direction === 'either' || direction === actual;
  if (Number.isSafeInteger(amountMicro) && amountMicro !== 0 && isFitting && !(holdId && actual === 'in'))
    return;
  throw new RangeError(`${code} cannot post ${amountMicro}`);
}
