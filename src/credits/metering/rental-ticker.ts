import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppConfig } from '../../config/config.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { HoldKeeper } from '../ledger/hold-keeper.js';
import { remainingOf } from '../ledger/hold.entity.js';
import { rentalNotMetered } from '../credits.errors.js';
import { RentalBooks } from './rental-books.js';
import { costOfMs, costThrough, reserveAfter } from './rental-cost.js';
import type { RentalMeter } from './rental-meter.entity.js';
import { RentalMeterRepository } from './rental-meter.repository.js';
import { runwayMsOf } from './runway.js';

/** What a tick found: paid, just run out of credits, or no business of this call (not running, or done elsewhere). */
export interface TickOutcome {
  meter: RentalMeter;
  result: 'paid' | 'ran_out' | 'untouched';
}

/**
 * One step of a running meter, in one transaction: claim the time, make sure of the credits, charge them.
 *
 * The charge is always the cost of the whole time so far less what is already posted, so the sum does not depend on
 * when ticks happen, and after an outage one tick catches up. The claim makes a tick that two processes attempt at
 * once happen once.
 */
@Injectable()
export class RentalTicker {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly meters: RentalMeterRepository,
    private readonly holds: HoldKeeper,
    private readonly books: RentalBooks,
    private readonly config: AppConfig,
  ) {}

  async tick(rentalId: string, nowMs: number): Promise<TickOutcome> {
    const meter = await this.meters.find(rentalId);
    if (!meter) throw rentalNotMetered();
    if (meter.state !== 'running' || nowMs <= (meter.billedThrough ?? nowMs)) {
      return { meter, result: 'untouched' };
    }
    return this.unitOfWork.run((manager) => this.advance(meter, nowMs, manager));
  }

  private async advance(meter: RentalMeter, nowMs: number, manager: EntityManager): Promise<TickOutcome> {
    if (!(await this.meters.claimTick(meter, nowMs, manager))) return { meter, result: 'untouched' };
    const due = costThrough(meter, nowMs) - meter.chargedMicro;
    const { available, isShort } = await this.fillUp(meter, nowMs, due, manager);
    const charge = Math.min(due, available);
    if (charge > 0) await this.charge(meter, charge, nowMs, manager);
    const { isLimitReached, ...sums } = await this.books.advance(meter, nowMs, manager);
    const ranOut = isLimitReached || (isShort && available - charge < this.costOfTick(meter));
    const state = ranOut ? 'exhausted' : 'running';
    const chargedMicro = meter.chargedMicro + charge;
    await this.meters.record(meter.rentalId, { ...sums, chargedMicro, state }, manager);
    return { meter, result: ranOut ? 'ran_out' : 'paid' };
  }

  /** Extends the hold so that after the charge the runway is still held, or as far as the account goes. */
  private async fillUp(
    meter: RentalMeter,
    nowMs: number,
    due: number,
    manager: EntityManager,
  ): Promise<{ available: number; isShort: boolean }> {
    const hold = await this.holds.get(meter.holdId, manager);
    const remaining = remainingOf(hold);
    const wanted = due + reserveAfter(meter, nowMs, runwayMsOf(this.config)) - remaining;
    const added = await this.holds.extendUpTo(hold, wanted, manager);
    return { available: remaining + added, isShort: added < wanted };
  }

  private charge(
    meter: RentalMeter,
    amountMicro: number,
    nowMs: number,
    manager: EntityManager,
  ): Promise<void> {
    const { holdId, rentalId } = meter;
    const idempotencyKey = `gpu:${rentalId}:${nowMs}`;
    return this.holds.capture(
      { holdId, amountMicro, code: 'gpu_usage', idempotencyKey, reference: rentalId, eventAt: nowMs },
      manager,
    );
  }

  private costOfTick(meter: RentalMeter): number {
    return costOfMs(meter.pricePerHourMicro, this.config.billing.tickMs);
  }
}
