import { Injectable, Logger } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import type { Rental } from '../rentals/rental.entity.js';
import { CancellationWatch } from './cancellation-watch.js';
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
    private readonly watch: CancellationWatch,
  ) {}

  async replace(reservation: Reservation, present: readonly Rental[]): Promise<void> {
    if (!(await this.access.takeReplacement(reservation))) {
      await this.books.fail(reservation, 'member_not_running', []);
      return;
    }
    const used = await this.access.usedMachines(reservation);
    const spentMicro = present.reduce((total, { priceMicro }) => total + priceMicro, 0);
    await this.books.join(reservation, await this.rentOne(reservation, used, spentMicro));
  }

  /** A try that fails costs a replacement; the next pass decides whether there is another. */
  private async rentOne(reservation: Reservation, used: string[], spentMicro: number): Promise<Rental[]> {
    try {
      const order = this.factory.replacementOrder(reservation, used, spentMicro);
      const { rentals } = await this.watch.during(reservation.id, (canceled) =>
        this.renter.rent({ ...order, canceled }),
      );
      return rentals;
    } catch (error) {
      if (!isDomainError(error)) throw error;
      this.logger.warn({ msg: 'no replacement', reservation_id: reservation.id, code: error.code });
      return [];
    }
  }
}
