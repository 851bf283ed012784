import { Injectable } from '@nestjs/common';
import { DEFAULT_PAGE_SIZE, decodeCursor, pageOf, type CursorQueryDto } from '../../common/cursor.js';
import { idempotencyInProgress } from '../../database/idempotency.errors.js';
import { reservationFailed, reservationNotFound } from '../gpu.errors.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { ReservationBooks } from './reservation-books.js';
import type { Reservation } from './reservation.entity.js';
import { ReservationRepository } from './reservation.repository.js';
import { ReservationView, type ReservationListView } from './reservation.view.js';

const RETRY_AFTER_SECONDS = 5;

/** Reservations as their owner sees and cancels them. */
@Injectable()
export class ReservationCatalogue {
  constructor(
    private readonly reservations: ReservationRepository,
    private readonly rentals: RentalRepository,
    private readonly books: ReservationBooks,
  ) {}

  async list(userId: string, query: CursorQueryDto): Promise<ReservationListView> {
    const limit = query.limit ?? DEFAULT_PAGE_SIZE;
    const found = await this.reservations.page(userId, limit + 1, decodeCursor(query.cursor));
    const { rows, nextCursor } = pageOf(found, limit);
    const members = await this.rentals.ofReservations(rows.map(({ id }) => id));
    const reservations = rows.map((row) =>
      ReservationView.from(
        row,
        members.filter(({ reservationId }) => reservationId === row.id),
      ),
    );
    return { reservations, count: rows.length, next_cursor: nextCursor };
  }

  async get(userId: string, id: string): Promise<ReservationView> {
    return this.view(await this.requireOwned(userId, id));
  }

  /**
   * Follows up what an attempt has left that died while it reserved; undefined when it left nothing.
   * @param isAsync the first attempt's answer would have told of a reservation in any state
   * @throws DomainError 409 `idempotency_in_progress` until it is decided, `reservation_failed`
   */
  async resume(userId: string, id: string, isAsync: boolean): Promise<ReservationView | undefined> {
    const reservation = await this.reservations.findOwned(userId, id);
    if (!reservation) return undefined;
    if (!isAsync && reservation.state === 'failed')
      throw reservationFailed('The first attempt was cut off; nothing is left rented.', []);
    if (!isAsync && reservation.state === 'pending' && reservation.rentedAt === null)
      throw idempotencyInProgress(RETRY_AFTER_SECONDS);
    return this.view(reservation);
  }

  async view(reservation: Reservation): Promise<ReservationView> {
    return ReservationView.from(reservation, await this.rentals.ofReservation(reservation.id));
  }

  /** Ends all members. One that was still pending has failed; a completed one stays completed. */
  async cancel(userId: string, id: string): Promise<ReservationView> {
    const reservation = await this.requireOwned(userId, id);
    if (reservation.state === 'pending') await this.books.fail(reservation, 'canceled', []);
    else await this.books.endMembers(reservation, 'destroyed_by_owner');
    return this.get(userId, id);
  }

  private async requireOwned(userId: string, id: string): Promise<Reservation> {
    const reservation = await this.reservations.findOwned(userId, id);
    if (!reservation) throw reservationNotFound();
    return reservation;
  }
}
