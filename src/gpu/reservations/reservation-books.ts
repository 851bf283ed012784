import { Injectable } from '@nestjs/common';
import type { Origin } from '../../common/origin.js';
import { PoolsService } from '../pools/pools.service.js';
import { ContractCleaner } from '../rentals/contract-cleaner.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { isLive } from '../rentals/rental-state.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { GangError } from './gang-order.js';
import { ReservationStates } from './reservation-states.js';
import { autoPoolName, type Reservation } from './reservation.entity.js';

/** How long the answer to a failed request waits for the farms to take its members back; jobs go on after that. */
const GIVE_BACK_MS = 120_000;

/** Writes down how a reservation goes, and gives back what an incomplete one holds. */
@Injectable()
export class ReservationBooks {
  constructor(
    private readonly states: ReservationStates,
    private readonly rentals: RentalRepository,
    private readonly pools: PoolsService,
    private readonly cleaner: ContractCleaner,
  ) {}

  async open(reservation: Reservation, origin?: Origin): Promise<void> {
    await this.pools.ensure(reservation.userId, reservation.pool);
    await this.states.open(reservation, origin);
  }

  /**
   * The contracts exist: the members join their pool. Canceled meanwhile: they are given back.
   * @returns false when it was canceled
   */
  async rented(
    reservation: Reservation,
    rentals: readonly Rental[],
    errors: readonly GangError[],
  ): Promise<boolean> {
    await this.join(reservation, rentals);
    if (await this.states.rented(reservation, errors)) return true;
    await this.cleaner.endAll(rentals, 'reservation_canceled');
    await this.dropAutoPool(reservation);
    return false;
  }

  join({ userId, pool }: Reservation, rentals: readonly Rental[]): Promise<void> {
    const ids = rentals.map(({ id }) => id);
    return this.pools.join(userId, pool, ids);
  }

  async complete(reservation: Reservation): Promise<void> {
    await this.states.complete(reservation);
  }

  /** Nothing of it stays rented. @returns false when it had come to its end before */
  async fail(reservation: Reservation, reason: string, errors: readonly GangError[]): Promise<boolean> {
    const wasPending = await this.states.fail(reservation, reason, errors);
    await this.endMembers(reservation, 'reservation_failed');
    await this.dropAutoPool(reservation);
    return wasPending;
  }

  async endMembers({ id }: Reservation, reason: string): Promise<void> {
    const members = await this.rentals.ofReservation(id);
    await this.cleaner.endAll(
      members.filter(({ state }) => isLive(state)),
      reason,
    );
  }

  /** For an answer that says that nothing is left rented. */
  async whenGivenBack({ id }: Reservation): Promise<void> {
    await this.cleaner.whenTaken(await this.rentals.ofReservation(id), GIVE_BACK_MS);
  }

  /** A pool that nobody named and that nothing ever served. */
  private async dropAutoPool({ id, userId, pool }: Reservation): Promise<void> {
    if (pool === autoPoolName(id)) await this.pools.removeIfThere(userId, pool);
  }
}
