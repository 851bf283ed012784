import { Injectable, Logger } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import type { Rental } from '../rentals/rental.entity.js';
import { GangRenter } from './gang-renter.js';
import { ReservationAccess } from './reservation-access.js';
import { ReservationBooks } from './reservation-books.js';
import { ReservationFactory } from './reservation-factory.js';
import type { Reservation } from './reservation.entity.js';

/** Rents another machine for a member that did not come up, or gives the whole reservation back. */
@Injectable()
export class ReservationReplacer {
  private readonly logger = new Logger(ReservationReplacer.name);

  constructor(
    private readonly access: ReservationAccess,
    private readonly factory: ReservationFactory,
    private readonly renter: GangRenter,
    private readonly books: ReservationBooks,
  ) {}

  async replace(reservation: Reservation, present: readonly Rental[]): Promise<void> {
    if (!(await this.access.takeReplacement(reservation))) {
      return this.books.fail(reservation, 'member_not_running', []);
    }
    const used = await this.access.usedMachines(reservation);
    const spentMicro = present.reduce((total, { priceMicro }) => total + priceMicro, 0);
    const rental = await this.rentOne(reservation, used, spentMicro);
    if (rental) await this.access.join(reservation, rental);
  }

  /** A try that fails costs a replacement; the next pass decides whether there is another. */
  private async rentOne(
    reservation: Reservation,
    used: string[],
    spentMicro: number,
  ): Promise<Rental | undefined> {
    try {
      const order = this.factory.replacementOrder(reservation, used, spentMicro);
      const { rentals } = await this.renter.rent(order);
      return rentals[0];
    } catch (error) {
      if (!isDomainError(error)) throw error;
      this.logger.warn({ msg: 'no replacement', reservation_id: reservation.id, code: error.code });
      return undefined;
    }
  }
}
