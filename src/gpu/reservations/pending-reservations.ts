import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Reservation } from './reservation.entity.js';
import { ReservationRepository } from './reservation.repository.js';
import { judge, type Verdict } from './reservation-verdict.js';

/** Reads which reservations want attention, and which. */
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

  find(id: string): Promise<Reservation | null> {
    return this.reservations.findPending(id);
  }

  /** Failed, and not all of it is given back. */
  unfinished(): Promise<Reservation[]> {
    return this.reservations.failedWithMembers();
  }

  async judge(reservation: Reservation): Promise<Verdict> {
    return judge(reservation, await this.rentals.ofReservation(reservation.id), this.clock.now());
  }
}
