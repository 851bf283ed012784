import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { dueEnd, type Transition } from '../rentals/rental-lifecycle.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Rental } from '../rentals/rental.entity.js';
import { RentalEndings } from './rental-endings.js';

/** Ends rentals whose time or credit ran out: by our own books and clock, so that no farm can delay it. */
@Injectable()
export class DueEnds implements OnModuleInit {
  private readonly logger = new Logger(DueEnds.name);

  constructor(
    private readonly jobs: JobsService,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rentals: RentalRepository,
    private readonly endings: RentalEndings,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.due-ends',
      intervalMs: this.config.gpu.pollIntervalMs,
      run: () => this.enforce(),
    });
  }

  private async enforce(): Promise<void> {
    const now = this.clock.now();
    const exhausted = await this.endings.exhausted();
    for (const rental of await this.rentals.running()) {
      const end: Transition | undefined = exhausted.has(rental.id)
        ? { state: 'expired', reason: 'insufficient_credits', at: now }
        : dueEnd(rental, now, this.config.gpu);
      if (end) await this.end(rental, end);
    }
  }

  private async end(rental: Rental, end: Transition): Promise<void> {
    try {
      await this.endings.end(rental, end);
    } catch (error) {
      this.logger.warn({ msg: 'rental not ended, will be repeated', rental_id: rental.id, err: error });
    }
  }
}
