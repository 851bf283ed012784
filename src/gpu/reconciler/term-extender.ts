import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { insufficientCredits } from '../../credits/credits.errors.js';
import { LedgerService } from '../../credits/ledger/ledger.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Rental } from '../rentals/rental.entity.js';

/** A term is extended when this much of it is left: time for a few tries. */
const EXTEND_AHEAD_MS = 10 * 60_000;
const HOUR_MS = 3_600_000;

/**
 * Prepaid contracts end by themselves. A rental whose owner named no duration is kept going hour by hour as long as
 * its owner can pay the next one, because the farm does not refund it.
 */
@Injectable()
export class TermExtender {
  private readonly logger = new Logger(TermExtender.name);

  constructor(
    private readonly providers: ProvidersService,
    private readonly rentals: RentalRepository,
    private readonly ledger: LedgerService,
    private readonly clock: Clock,
  ) {}

  async extendDue(): Promise<void> {
    const now = this.clock.now();
    for (const rental of await this.rentals.running()) {
      if (this.isDue(rental, now)) await this.tryExtend(rental);
    }
  }

  private async extend(rental: Rental, hours: number): Promise<void> {
    const provider = this.providers.byName(rental.provider);
    if (!provider.extendContract || rental.contractId === null) return;
    await provider.extendContract(rental.contractId, hours, {});
    const endsAt = (rental.endsAt ?? this.clock.now()) + hours * HOUR_MS;
    await this.rentals.setEndsAt(rental.id, endsAt);
    rental.endsAt = endsAt;
  }

  /** The owner's wish: refused unless the hours can be paid, because the farm takes the money for them now. */
  async extendPaid(rental: Rental, hours: number): Promise<void> {
    const { spendableMicro } = await this.ledger.balanceOf(rental.userId);
    const needed = rental.priceMicro * hours;
    if (spendableMicro < needed) throw insufficientCredits(needed, spendableMicro);
    await this.extend(rental, hours);
  }

  private isDue(rental: Rental, now: number): boolean {
    const { endsAt, durationHours, runningAt, timeLimitMs } = rental;
    if (endsAt === null || durationHours !== null || !this.providers.byName(rental.provider).isPrepaid)
      return false;
    const wantedUntil = timeLimitMs === null || runningAt === null ? Infinity : runningAt + timeLimitMs;
    return endsAt - now < EXTEND_AHEAD_MS && endsAt < wantedUntil;
  }

  private async tryExtend(rental: Rental): Promise<void> {
    try {
      const { spendableMicro } = await this.ledger.balanceOf(rental.userId);
      if (spendableMicro < rental.priceMicro) return;
      await this.extend(rental, 1);
      this.logger.log({ msg: 'term extended by an hour', rental_id: rental.id });
    } catch (error) {
      this.logger.warn({ msg: 'term not extended, will be repeated', rental_id: rental.id, err: error });
    }
  }
}
