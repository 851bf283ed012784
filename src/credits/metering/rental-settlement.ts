import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { HoldKeeper } from '../ledger/hold-keeper.js';
import { remainingOf } from '../ledger/hold.entity.js';
import { Poster } from '../ledger/poster.js';
import { SessionRecorder } from '../usage/session-recorder.js';
import { RentalBooks } from './rental-books.js';
import { costAtEnd } from './rental-cost.js';
import type { RentalMeter } from './rental-meter.entity.js';
import { RentalMeterRepository } from './rental-meter.repository.js';

/** The last charge of a rental, its hold's end and its session row: one transaction, once per rental. */
@Injectable()
export class RentalSettlement {
  constructor(
    private readonly meters: RentalMeterRepository,
    private readonly holds: HoldKeeper,
    private readonly poster: Poster,
    private readonly sessions: SessionRecorder,
    private readonly books: RentalBooks,
  ) {}

  /** `meter` is the row as it stands after its finish was claimed. Returns what the rental has cost altogether. */
  async settle(meter: RentalMeter, endedAtMs: number, manager: EntityManager): Promise<number> {
    const due = costAtEnd(meter, endedAtMs) - meter.chargedMicro;
    const charged = due >= 0 ? await this.charge(meter, due, endedAtMs, manager) : due;
    if (due < 0) await this.giveBack(meter, -due, endedAtMs, manager);
    const chargedMicro = meter.chargedMicro + charged;
    const sums = await this.books.end(meter, endedAtMs, manager);
    await this.meters.record(meter.rentalId, { ...sums, chargedMicro }, manager);
    await this.recordSession(meter, endedAtMs, manager);
    return chargedMicro;
  }

  /** What the hold and the account cannot pay is the platform's loss, never the customer's debt. */
  private async charge(
    meter: RentalMeter,
    due: number,
    endedAtMs: number,
    manager: EntityManager,
  ): Promise<number> {
    const hold = await this.holds.get(meter.holdId, manager);
    const remaining = remainingOf(hold);
    const added = await this.holds.extendUpTo(hold, due - remaining, manager);
    const amountMicro = Math.min(due, remaining + added);
    await this.holds.settle({ ...posting(meter, endedAtMs), holdId: hold.id, amountMicro }, manager);
    return amountMicro;
  }

  /** Ticks have charged past the end, because the end was reported late. */
  private async giveBack(
    meter: RentalMeter,
    amountMicro: number,
    endedAtMs: number,
    manager: EntityManager,
  ): Promise<void> {
    const { userId, holdId } = meter;
    const refund = { ...posting(meter, endedAtMs), userId, amountMicro, code: 'usage_refund' as const };
    await this.holds.void(holdId, manager);
    await this.poster.post(refund, manager);
  }

  private recordSession(meter: RentalMeter, endedAt: number, manager: EntityManager): Promise<void> {
    const { rentalId: sessionId, userId, clientId, ip, openedSeq } = meter;
    const startedAt = Math.min(meter.runningAt ?? endedAt, endedAt);
    return this.sessions.record(
      { sessionId, userId, kind: 'rental', clientId, ip, startedAt, endedAt, openedSeq },
      manager,
    );
  }
}

function posting(meter: RentalMeter, eventAt: number) {
  const { rentalId } = meter;
  return {
    code: 'gpu_usage' as const,
    idempotencyKey: `gpu:${rentalId}:end`,
    reference: rentalId,
    eventAt,
  };
}
