import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { JobsService } from '../../jobs/jobs.service.js';
import { PendingReservations } from './pending-reservations.js';
import { ReservationBooks } from './reservation-books.js';
import { ReservationReplacer } from './reservation-replacer.js';
import type { Reservation } from './reservation.entity.js';

/** Brings pending reservations to their end: completed when all members run, replaced or failed when one does not. */
@Injectable()
export class ReservationWatcher implements OnModuleInit {
  private readonly logger = new Logger(ReservationWatcher.name);

  constructor(
    private readonly jobs: JobsService,
    private readonly pending: PendingReservations,
    private readonly books: ReservationBooks,
    private readonly replacer: ReservationReplacer,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.reservations',
      intervalMs: this.pending.pollIntervalMs,
      run: async () => {
        const reservations = await this.pending.all();
        await Promise.all(reservations.map((reservation) => this.watch(reservation)));
      },
    });
  }

  private async watch(reservation: Reservation): Promise<void> {
    try {
      await this.follow(reservation);
    } catch (error) {
      this.logger.warn({
        msg: 'reservation not followed, will be repeated',
        reservation_id: reservation.id,
        err: error,
      });
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
        return this.books.fail(reservation, verdict.reason, []);
      case 'replace':
        return this.replacer.replace(reservation, verdict.members);
    }
  }
}
