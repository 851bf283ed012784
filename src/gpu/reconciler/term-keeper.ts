import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Rental } from '../rentals/rental.entity.js';
import { FarmComparison } from './farm-comparison.js';
import { TermExtender } from './term-extender.js';

/** A term is extended when this much of it is left: time for a few tries. */
const EXTEND_AHEAD_MS = 10 * 60_000;
/** Minutes are left when a term comes into sight: no need to look at every poll. */
const POLLS_APART = 10;

/**
 * Prepaid contracts end by themselves. A rental whose owner named no duration is kept going hour by hour as long as
 * its owner can pay the next one, because the farm does not refund it.
 */
@Injectable()
export class TermKeeper implements OnModuleInit {
  private readonly logger = new Logger(TermKeeper.name);

  constructor(
    private readonly jobs: JobsService,
    private readonly farms: FarmComparison,
    private readonly rentals: RentalRepository,
    private readonly extender: TermExtender,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.terms',
      intervalMs: this.farms.pollIntervalMs * POLLS_APART,
      run: () => this.extendDue(),
    });
  }

  /** Waits for all of it: as long as the round lasts, no other process buys the same hour. */
  private async extendDue(): Promise<void> {
    const prepaid = new Set(this.farms.prepaid().map(({ name }) => name));
    const dueBefore = this.clock.now() + EXTEND_AHEAD_MS;
    const running = await this.rentals.running();
    const due = running.filter((rental) => prepaid.has(rental.provider) && isDue(rental, dueBefore));
    await Promise.all(due.map((rental) => this.extend(rental, dueBefore)));
  }

  private async extend(rental: Rental, dueBefore: number): Promise<void> {
    try {
      await this.extender.extendIfPayable(rental, dueBefore);
    } catch (error) {
      this.logger.warn({ msg: 'term not extended, will be repeated', rental_id: rental.id, err: error });
    }
  }
}

function isDue({ endsAt, durationHours, runningAt, timeLimitMs }: Rental, dueBefore: number): boolean {
  if (endsAt === null || durationHours !== null || endsAt >= dueBefore) return false;
  return timeLimitMs === null || runningAt === null || endsAt < runningAt + timeLimitMs;
}
