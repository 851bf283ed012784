import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { PoolsService } from '../pools/pools.service.js';
import { ContractCleaner } from '../rentals/contract-cleaner.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { isLive } from '../rentals/rental-state.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { GangError } from './gang-order.js';
import type { Reservation } from './reservation.entity.js';
import { ReservationRepository } from './reservation.repository.js';

/** How long a failed reservation waits for the farms to take its members back; the reconciler goes on after that. */
const GIVE_BACK_MS = 120_000;

/** Writes down how a reservation goes, and gives back what an incomplete one holds. */
@Injectable()
export class ReservationBooks {
  constructor(
    private readonly reservations: ReservationRepository,
    private readonly rentals: RentalRepository,
    private readonly pools: PoolsService,
    private readonly cleaner: ContractCleaner,
    private readonly clock: Clock,
  ) {}

  async open(reservation: Reservation): Promise<void> {
    await this.pools.ensure(reservation.userId, reservation.pool);
    await this.reservations.insert(reservation);
  }

  /** The contracts exist. Canceled meanwhile: they are given back. */
  async rented(
    reservation: Reservation,
    rentals: readonly Rental[],
    errors: readonly GangError[],
  ): Promise<void> {
    const patch = { rentedAt: this.clock.now(), errors: [...errors] };
    if (!(await this.reservations.updatePending(reservation.id, patch))) {
      return this.cleaner.endAll(rentals, 'reservation_canceled', GIVE_BACK_MS);
    }
    Object.assign(reservation, patch);
    for (const rental of rentals) await this.pools.join(reservation.userId, reservation.pool, rental.id);
  }

  async complete(reservation: Reservation): Promise<void> {
    await this.reservations.updatePending(reservation.id, { state: 'completed', reason: null });
  }

  /** Nothing of it stays rented. */
  async fail(reservation: Reservation, reason: string, errors: readonly GangError[]): Promise<void> {
    const patch: Partial<Reservation> = {
      state: 'failed',
      reason,
      errors: [...reservation.errors, ...errors],
    };
    const wasPending = await this.reservations.updatePending(reservation.id, patch);
    if (wasPending) Object.assign(reservation, patch);
    await this.endMembers(reservation, 'reservation_failed');
  }

  async endMembers(reservation: Reservation, reason: string): Promise<void> {
    const members = await this.rentals.ofReservation(reservation.id);
    const live = members.filter(({ state }) => isLive(state));
    await this.cleaner.endAll(live, reason, GIVE_BACK_MS);
  }
}
