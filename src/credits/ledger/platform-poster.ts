import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import { inputHash } from '../../database/input-hash.js';
import { idempotencyMismatch } from '../credits.errors.js';
import type { CreditEntry } from './entry.entity.js';
import type { DollarAccount, PlatformCode } from './transfer-codes.js';
import type { CreditTransfer } from './transfer.entity.js';
import { TransferRepository } from './transfer.repository.js';

/** A movement of dollars between two accounts of the platform, which concerns no user. */
export interface PlatformPosting {
  code: PlatformCode;
  /** Owns the idempotency key. */
  from: DollarAccount;
  to: DollarAccount;
  /** Negative takes back what was posted too much; zero is nothing to post. */
  amountMicro: number;
  idempotencyKey: string;
  reference: string;
  eventAt: number;
}

/** Writes them, inside the caller's transaction. These accounts have no running balance and no chain. */
@Injectable()
export class PlatformPoster {
  constructor(
    private readonly transfers: TransferRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws idempotency_mismatch when the key was used for something else */
  async post(posting: PlatformPosting, manager: EntityManager): Promise<void> {
    if (posting.amountMicro === 0) return;
    const transfer = this.transferOf(posting);
    const standing = await this.transfers.claimKey(transfer, manager);
    if (standing.inputHash !== transfer.inputHash) throw idempotencyMismatch();
    if (standing.id === transfer.id) await this.transfers.insertEntries(sidesOf(transfer, posting), manager);
  }

  private transferOf(posting: PlatformPosting): CreditTransfer {
    const { code, from, to, amountMicro, idempotencyKey, reference, eventAt } = posting;
    return {
      id: newOrderedId(),
      account: from,
      idempotencyKey,
      inputHash: inputHash([from, to, amountMicro, code, reference]),
      code,
      holdId: null,
      reference,
      reason: null,
      actorId: null,
      requestId: null,
      eventAt,
      createdAt: this.clock.now(),
    };
  }
}

function sidesOf({ id: transferId, createdAt }: CreditTransfer, posting: PlatformPosting): CreditEntry[] {
  const { from, to, amountMicro } = posting;
  const unchained = { seq: null, balanceAfterMicro: null, usedAfterMicro: null, prevHash: null, hash: null };
  const side = (index: number, account: string, amount: number): CreditEntry => ({
    ...unchained,
    id: `${transferId}:${index}`,
    transferId,
    account,
    amountMicro: amount,
    createdAt,
  });
  return [side(0, from, -amountMicro), side(1, to, amountMicro)];
}
