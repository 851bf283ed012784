import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { holdNotFound, holdNotOpen, idempotencyMismatch } from '../credits.errors.js';
import { spendableOf } from './account.entity.js';
import { AccountRepository } from './account.repository.js';
import { holdFor, requireHoldable, type Capture, type HoldRequest } from './hold-request.js';
import { remainingOf, type CreditHold, type HoldState } from './hold.entity.js';
import { HoldRepository } from './hold.repository.js';
import { Poster, refusalOf } from './poster.js';

/** Holds, inside the caller's transaction. The account must have been opened. */
@Injectable()
export class HoldKeeper {
  constructor(
    private readonly holds: HoldRepository,
    private readonly accounts: AccountRepository,
    private readonly poster: Poster,
    private readonly clock: Clock,
  ) {}

  /** @throws insufficient_credits, account_frozen, idempotency_mismatch */
  async place(request: HoldRequest, manager: EntityManager): Promise<CreditHold> {
    const hold = holdFor(request, this.clock.now());
    const standing = await this.holds.claimKey(hold, manager);
    if (standing.inputHash !== hold.inputHash) throw idempotencyMismatch();
    if (standing.id !== hold.id) return standing;
    const { userId, amountMicro } = request;
    if (await this.accounts.reserve(userId, amountMicro, manager)) return hold;
    throw refusalOf(await this.accounts.get(userId, manager), amountMicro);
  }

  /**
   * Sets more aside. False, and nothing changed, when the account cannot.
   * @throws hold_not_found, hold_not_open
   */
  async extend(holdId: string, byMicro: number, manager: EntityManager): Promise<boolean> {
    requireHoldable(byMicro);
    if (!(await this.holds.extend(holdId, byMicro, manager))) throw await this.whyClosed(holdId, manager);
    const { userId } = await this.get(holdId, manager);
    if (await this.accounts.reserve(userId, byMicro, manager)) return true;
    await this.holds.extend(holdId, -byMicro, manager);
    return false;
  }

  /** Sets up to `wantedMicro` more aside, as far as the account goes; returns how much. */
  async extendUpTo(hold: CreditHold, wantedMicro: number, manager: EntityManager): Promise<number> {
    if (wantedMicro <= 0) return 0;
    if (await this.extend(hold.id, wantedMicro, manager)) return wantedMicro;
    const rest = Math.min(wantedMicro, spendableOf(await this.accounts.get(hold.userId, manager)));
    return rest > 0 && (await this.extend(hold.id, rest, manager)) ? rest : 0;
  }

  /** Frees a part of what is still set aside. */
  async shrink(hold: CreditHold, byMicro: number, manager: EntityManager): Promise<void> {
    if (byMicro <= 0) return;
    if (!(await this.holds.extend(hold.id, -byMicro, manager))) throw await this.whyClosed(hold.id, manager);
    await this.accounts.release(hold.userId, byMicro, manager);
  }

  /**
   * Charges a part; the rest stays set aside.
   * @throws hold_not_found, hold_not_open, hold_exceeded, idempotency_mismatch
   */
  async capture(capture: Capture, manager: EntityManager): Promise<void> {
    const { userId } = await this.get(capture.holdId, manager);
    await this.poster.post({ ...capture, userId, amountMicro: -capture.amountMicro }, manager);
  }

  /**
   * Charges a last part (zero is allowed) and frees the rest. Settling again with the same amount does nothing.
   * @throws as `capture`
   */
  async settle(capture: Capture, manager: EntityManager): Promise<void> {
    requireHoldable(capture.amountMicro);
    const { holdId, amountMicro } = capture;
    if (amountMicro > 0) await this.capture(capture, manager);
    if (await this.close(holdId, 'settled', manager, amountMicro)) return;
    const hold = await this.get(holdId, manager);
    if (hold.state !== 'settled' || hold.settledMicro !== amountMicro) throw holdNotOpen();
  }

  /**
   * Frees what is left without a charge. Doing so again is fine.
   * @throws hold_not_found, hold_not_open when it was settled
   */
  async void(holdId: string, manager: EntityManager): Promise<void> {
    if (await this.close(holdId, 'voided', manager)) return;
    if ((await this.get(holdId, manager)).state === 'settled') throw holdNotOpen();
  }

  /** Frees what is left of a hold whose lease is over; one that is closed stays as it is. */
  async expire(holdId: string, manager: EntityManager): Promise<void> {
    await this.close(holdId, 'expired', manager);
  }

  async get(holdId: string, manager: EntityManager): Promise<CreditHold> {
    const hold = await this.holds.find(holdId, manager);
    if (!hold) throw holdNotFound();
    return hold;
  }

  private async close(
    holdId: string,
    state: Exclude<HoldState, 'open'>,
    manager: EntityManager,
    settledMicro: number | null = null,
  ): Promise<boolean> {
    const end = { state, settledMicro, closedAt: this.clock.now() };
    if (!(await this.holds.close(holdId, end, manager))) return false;
    const hold = await this.get(holdId, manager);
    await this.accounts.release(hold.userId, remainingOf(hold), manager);
    return true;
  }

  private async whyClosed(holdId: string, manager: EntityManager): Promise<Error> {
    await this.get(holdId, manager);
    return holdNotOpen();
  }
}
