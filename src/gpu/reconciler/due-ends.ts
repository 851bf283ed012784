import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import { dueEnd, type Transition } from '../rentals/rental-lifecycle.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import type { Rental } from '../rentals/rental.entity.js';
import { RentalEndings } from './rental-endings.js';

/** Ends rentals whose time or credit ran out, and posts last charges that a dead process left open. */
@Injectable()
export class DueEnds {
  private readonly logger = new Logger(DueEnds.name);

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rentals: RentalRepository,
    private readonly transitions: RentalTransitions,
    private readonly endings: RentalEndings,
  ) {}

  async enforce(): Promise<void> {
    const now = this.clock.now();
    const exhausted = await this.endings.exhausted();
    for (const rental of await this.rentals.running()) {
      const end: Transition | undefined = exhausted.has(rental.id)
        ? { state: 'expired', reason: 'insufficient_credits', at: now }
        : dueEnd(rental, now, this.config.gpu);
      if (end) await this.attempt(rental, () => this.endings.end(rental, end));
    }
  }

  async settle(): Promise<void> {
    for (const rental of await this.rentals.endedUnsettled()) {
      await this.attempt(rental, () => this.transitions.settle(rental));
    }
  }

  private async attempt(rental: Rental, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({
        msg: 'rental not ended or settled, will be repeated',
        rental_id: rental.id,
        err: error,
      });
    }
  }
}
