import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { ReservationBooks } from './reservation-books.js';
import { judge } from './reservation-verdict.js';
import { ReservationReplacer } from './reservation-replacer.js';
import type { Reservation } from './reservation.entity.js';
import { ReservationRepository } from './reservation.repository.js';

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

/** Reads what the verdict needs. */
@Injectable()
export class PendingReservations {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly reservations: ReservationRepository,
    private readonly rentals: RentalRepository,
  ) {}

  get pollIntervalMs(): number {
    return this.config.gpu.pollIntervalMs;
  }

  all(): Promise<Reservation[]> {
    return this.reservations.pending();
  }

  async judge(reservation: Reservation): Promise<ReturnType<typeof judge>> {
    return judge(reservation, await this.rentals.ofReservation(reservation.id), this.clock.now());
  }
}
