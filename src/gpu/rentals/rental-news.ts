import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { DirectorySync } from '../pools/directory-sync.service.js';
import { RENTAL_UPDATED, type RentalUpdated } from './rental.events.js';
import type { Rental } from './rental.entity.js';

/** Who has to know of a rental's change: the balancer's view of it, and whoever listens. */
@Injectable()
export class RentalNews {
  constructor(
    private readonly directory: DirectorySync,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /** Its traffic ends before the row says so; it goes on when the row does not come to say so. */
  fenced(rental: Rental, write: () => Promise<boolean>): Promise<boolean> {
    this.directory.fence(rental);
    return this.orRepublished(rental, write);
  }

  /** Its traffic begins before the row says so. */
  admitted(rental: Rental, write: () => Promise<boolean>): Promise<boolean> {
    this.directory.admit(rental);
    return this.orRepublished(rental, write);
  }

  async announce(rental: Rental): Promise<void> {
    await this.directory.ownerChanged(rental.userId);
    const { id: rentalId, reservationId, instanceId, state, reason, isServing: serving } = rental;
    const data: RentalUpdated = { rentalId, reservationId, instanceId, state, reason, serving };
    this.events.emit({ name: RENTAL_UPDATED, userId: rental.userId, at: this.clock.now(), data });
  }

  private async orRepublished(rental: Rental, write: () => Promise<boolean>): Promise<boolean> {
    let isWritten = false;
    try {
      isWritten = await write();
      return isWritten;
    } finally {
      if (!isWritten) await this.directory.ownerChanged(rental.userId);
    }
  }
}
