import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { RentalMeterService } from '../../credits/metering/rental-meter.service.js';
import type { Rental } from './rental.entity.js';
import { RentalRepository } from './rental.repository.js';

/** A rental that ends before its money is held is looked at for so long, because that may still come to pass. */
const AUTHORIZED_WITHIN_MS = 600_000;

/**
 * Keeps the meter of a rental in step with its row. The row is committed first; a step that fails after that is logged
 * and made up by the methods that a job calls.
 */
@Injectable()
export class RentalMetering {
  private readonly logger = new Logger(RentalMetering.name);
  /** Running rentals whose meter is known to run. */
  private started = new Set<string>();

  constructor(
    private readonly meter: RentalMeterService,
    private readonly rentals: RentalRepository,
    private readonly clock: Clock,
  ) {}

  /** It runs, and costs from `runningAt` on. */
  async start(rental: Rental): Promise<void> {
    await this.attempt(rental, async () => {
      await this.meter.start(rental.id, rental.runningAt ?? this.clock.now());
      this.started.add(rental.id);
    });
  }

  /** The last charge and the freeing of the hold; safe to repeat. */
  async finish(rental: Rental): Promise<void> {
    await this.attempt(rental, async () => {
      const now = this.clock.now();
      await this.meter.finish(rental.id, rental.endedAt ?? now);
      const isFinal = now - rental.createdAt > AUTHORIZED_WITHIN_MS || (await this.isMetered(rental));
      if (isFinal) await this.rentals.markSettled(rental.id, now);
    });
  }

  private async isMetered({ id }: Rental): Promise<boolean> {
    return (await this.meter.costOf([id])).has(id);
  }

  /** Starts the meters that a dying process or a failing database left standing: once per rental and process. */
  async makeUpStarts(running: readonly Rental[]): Promise<void> {
    const ids = new Set(running.map(({ id }) => id));
    this.started = new Set([...this.started].filter((id) => ids.has(id)));
    for (const rental of running) if (!this.started.has(rental.id)) await this.start(rental);
  }

  async makeUpFinishes(): Promise<void> {
    for (const rental of await this.rentals.endedUnsettled()) await this.finish(rental);
  }

  private async attempt({ id }: Rental, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.logger.warn({ msg: 'meter is behind its rental, will be made up', rental_id: id, err: error });
    }
  }
}
