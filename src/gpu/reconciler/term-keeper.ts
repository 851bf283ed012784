import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Rental } from '../rentals/rental.entity.js';
import { BackgroundCalls } from '../background-calls.js';
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
  private readonly background = new BackgroundCalls();

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

  private async extendDue(): Promise<void> {
    const prepaid = new Set(this.farms.prepaid().map(({ name }) => name));
    const dueBefore = this.clock.now() + EXTEND_AHEAD_MS;
    for (const rental of await this.rentals.running()) {
      if (!prepaid.has(rental.provider) || !isDue(rental, dueBefore)) continue;
      this.background.begin(`extend ${rental.id}`, () => this.extender.extendIfPayable(rental, dueBefore));
    }
  }
}

function isDue({ endsAt, durationHours, runningAt, timeLimitMs }: Rental, dueBefore: number): boolean {
  if (endsAt === null || durationHours !== null || endsAt >= dueBefore) return false;
  return timeLimitMs === null || runningAt === null || endsAt < runningAt + timeLimitMs;
}
