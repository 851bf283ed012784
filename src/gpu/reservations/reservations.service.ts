import { Injectable, Logger } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import { reservationCanceled, reservationFailed } from '../gpu.errors.js';
import { CancellationWatch } from './cancellation-watch.js';
import { GangRenter } from './gang-renter.js';
import type { GangError, GangResult } from './gang-order.js';
import { ReservationBooks } from './reservation-books.js';
import { ReservationFactory, type ReservationWish } from './reservation-factory.js';
import type { Reservation } from './reservation.entity.js';

/**
 * Reserving: the contracts of all members are made here, or none is left. From then on ReservationWatcher keeps an
 * atomic reservation atomic until all its members run.
 */
@Injectable()
export class ReservationsService {
  private readonly logger = new Logger(ReservationsService.name);

  constructor(
    private readonly factory: ReservationFactory,
    private readonly renter: GangRenter,
    private readonly books: ReservationBooks,
    private readonly watch: CancellationWatch,
  ) {}

  /** Resolves when the contracts exist. `id` is a new reservation's. @throws DomainError; then nothing is left rented */
  async reserve(id: string, userId: string, wish: ReservationWish): Promise<Reservation> {
    const reservation = await this.begin(id, userId, wish);
    try {
      await this.rent(reservation);
    } catch (error) {
      await this.books.whenGivenBack(reservation);
      throw error;
    }
    return reservation;
  }

  /** Answers at once; the reservation tells how it went. */
  async reserveLater(id: string, userId: string, wish: ReservationWish): Promise<Reservation> {
    const reservation = await this.begin(id, userId, wish);
    this.rent(reservation).catch((error: unknown) => {
      if (isDomainError(error)) return;
      this.logger.error({ msg: 'reservation failed', reservation_id: reservation.id, err: error });
    });
    return reservation;
  }

  private async begin(id: string, userId: string, wish: ReservationWish): Promise<Reservation> {
    const reservation = this.factory.make(id, userId, wish);
    await this.books.open(reservation, wish.origin);
    return reservation;
  }

  private async rent(reservation: Reservation): Promise<void> {
    let result: GangResult;
    try {
      result = await this.watch.during(reservation.id, (canceled) =>
        this.renter.rent({ ...this.factory.orderOf(reservation), canceled }),
      );
    } catch (error) {
      await this.books.fail(reservation, isDomainError(error) ? error.code : 'reservation_failed', []);
      throw error;
    }
    await this.conclude(reservation, result);
  }

  private async conclude(reservation: Reservation, { rentals, errors }: GangResult): Promise<void> {
    const { mode, requested } = reservation;
    const isShort = mode === 'atomic' ? rentals.length < requested : rentals.length === 0;
    const wasPending = isShort
      ? await this.books.fail(reservation, 'not_enough_offers', errors)
      : await this.books.rented(reservation, rentals, errors);
    if (!wasPending) throw reservationCanceled();
    if (isShort) throw reservationFailed(describeShortage(requested, rentals.length), shortly(errors));
  }
}

function describeShortage(wanted: number, had: number): string {
  return `Only ${had} of ${wanted} machines could be rented; all of them have been given back.`;
}

const shortly = (errors: readonly GangError[]): { code: string; provider?: string }[] =>
  errors.map(({ code, provider }) => ({ code, provider }));
