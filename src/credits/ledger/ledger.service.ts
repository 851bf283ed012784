import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { AccountOpener } from './account-opener.js';
import { BalanceReader } from './balance-reader.js';
import type { Balance } from './balance.js';
import { HoldDesk } from './hold-desk.js';
import type { Capture, HoldRequest } from './hold-request.js';
import type { CreditHold } from './hold.entity.js';
import { Poster, type Posted, type Posting } from './poster.js';

/** Credits that an operator gives. */
export interface Grant {
  userId: string;
  /** Positive micro-credits. */
  amountMicro: number;
  reason: string;
  /** The operator's user id; absent for the admin program. */
  actorId?: string;
  idempotencyKey: string;
  requestId?: string;
}

/** More work of the same transaction, done last; not when the posting had been there before. */
export type Alongside = (manager: EntityManager) => Promise<void>;

/**
 * The ledger, for everybody outside it. Each method is one transaction. Amounts are micro-credits; instants are
 * epoch ms. Every method that moves credits is idempotent by its key, for ever: calling again with the same input
 * has the first result, with another input it throws `idempotency_mismatch`.
 */
@Injectable()
export class LedgerService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly opener: AccountOpener,
    private readonly balances: BalanceReader,
    private readonly poster: Poster,
    private readonly holds: HoldDesk,
  ) {}

  /** The account as it stands. The first look posts the sign-up credits. */
  async balanceOf(userId: string): Promise<Balance> {
    await this.opener.open(userId, 'look');
    return this.balances.read(userId, this.unitOfWork.manager);
  }

  /** Gives credits. */
  grant(grant: Grant, alongside?: Alongside): Promise<Posted> {
    return this.post({ ...grant, code: 'grant' }, alongside);
  }

  /**
   * Posts one transfer: purchases, renewals, refunds, chargebacks, corrections.
   * @throws insufficient_credits, account_frozen, hold_not_open, hold_exceeded, idempotency_mismatch; RangeError for
   *   an amount that does not fit the code
   */
  post(posting: Posting, alongside?: Alongside): Promise<Posted> {
    return this.unitOfWork.run(async (manager) => {
      await this.opener.openUnused(posting.userId, manager);
      const posted = await this.poster.post(posting, manager);
      if (!posted.isReplay) await alongside?.(manager);
      return posted;
    });
  }

  /**
   * Sets credits aside. What is held can be charged later without asking again.
   * @throws insufficient_credits, account_frozen, idempotency_mismatch
   */
  async hold(request: HoldRequest): Promise<CreditHold> {
    await this.opener.open(request.userId, 'spend');
    return this.holds.place(request);
  }

  /**
   * Sets more aside. False, and nothing changed, when the account cannot. Not idempotent: each call adds.
   * @throws hold_not_found, hold_not_open
   */
  extendHold(holdId: string, byMicro: number): Promise<boolean> {
    return this.holds.extend(holdId, byMicro);
  }

  /**
   * Charges a part of a hold; the rest stays set aside.
   * @throws hold_not_found, hold_not_open, hold_exceeded, idempotency_mismatch
   */
  captureFromHold(capture: Capture): Promise<void> {
    return this.holds.capture(capture);
  }

  /**
   * Closes a hold with a last charge (zero is allowed); the rest is freed. The key is `settle:{holdId}`.
   * @throws as `captureFromHold`
   */
  settle(
    holdId: string,
    amountMicro: number,
    details: Omit<Capture, 'holdId' | 'amountMicro' | 'idempotencyKey'>,
  ): Promise<void> {
    const capture = { ...details, holdId, amountMicro, idempotencyKey: `settle:${holdId}` };
    return this.holds.settle(capture);
  }

  /**
   * Closes a hold without a further charge.
   * @throws hold_not_found, hold_not_open when it was settled
   */
  voidHold(holdId: string): Promise<void> {
    return this.holds.void(holdId);
  }
}
