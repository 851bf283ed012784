import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '../../common/event-bus.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { BackgroundCalls } from '../background-calls.js';
import { RENTAL_UPDATED, type RentalUpdated } from '../rentals/rental.events.js';
import { PendingReservations } from './pending-reservations.js';
import { ReservationBooks } from './reservation-books.js';
import { ReservationReplacer } from './reservation-replacer.js';
import type { Reservation } from './reservation.entity.js';

/** Brings pending reservations to their end: completed when all members run, replaced or failed when one does not. */
@Injectable()
export class ReservationWatcher implements OnModuleInit {
  private readonly background = new BackgroundCalls();

  constructor(
    private readonly jobs: JobsService,
    private readonly pending: PendingReservations,
    private readonly books: ReservationBooks,
    private readonly replacer: ReservationReplacer,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.reservations',
      intervalMs: this.pending.pollIntervalMs,
      run: () => this.watchAll(),
    });
    this.events.on(RENTAL_UPDATED, ({ data }) => this.rentalUpdated(data as RentalUpdated));
  }

  /** The last member that comes up completes its reservation at once. Everything else is left to the job. */
  private rentalUpdated({ reservationId, state }: RentalUpdated): void {
    if (reservationId === null || state !== 'running') return;
    this.background.begin(`complete ${reservationId}`, async () => {
      const reservation = await this.pending.find(reservationId);
      if (reservation === null) return;
      const verdict = await this.pending.judge(reservation);
      if (verdict.kind === 'complete') await this.books.complete(reservation);
    });
  }

  /** A replacement may wait minutes in a farm's queue, which is nothing that other reservations wait for. */
  private async watchAll(): Promise<void> {
    for (const reservation of await this.pending.all()) {
      this.background.begin(`follow ${reservation.id}`, () => this.follow(reservation));
    }
    for (const reservation of await this.pending.unfinished()) {
      this.background.begin(`give back ${reservation.id}`, () => this.giveBack(reservation));
    }
  }

  private async follow(reservation: Reservation): Promise<void> {
    const verdict = await this.pending.judge(reservation);
    switch (verdict.kind) {
      case 'wait':
        return;
      case 'complete':
        return this.books.complete(reservation);
      case 'fail':
        return this.giveUp(reservation, verdict.reason);
      case 'replace':
        return this.replacer.replace(reservation, verdict.members);
    }
  }

  private async giveUp(reservation: Reservation, reason: string): Promise<void> {
    await this.books.fail(reservation, reason, []);
  }

  private giveBack(reservation: Reservation): Promise<void> {
    return this.books.endMembers(reservation, 'reservation_failed');
  }
}
