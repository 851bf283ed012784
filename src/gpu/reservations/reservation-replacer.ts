import { Injectable, Logger } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import type { Rental } from '../rentals/rental.entity.js';
import { CancellationWatch } from './cancellation-watch.js';
import type { GangOrder, GangResult } from './gang-order.js';
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
    if (reservation.replacementsLeft === 0) {
      await this.books.fail(reservation, 'member_not_running', []);
      return;
    }
    const used = await this.access.usedMachines(reservation);
    const spentMicro = present.reduce((total, { priceMicro }) => total + priceMicro, 0);
    const order = this.factory.replacementOrder(reservation, used, spentMicro);
    if (!(await this.access.takeReplacement(reservation, order.deadlineAt))) return;
    const { rentals, errors } = await this.rentOne(reservation, order);
    await this.books.rented(reservation, rentals, [...reservation.errors, ...errors]);
  }

  /** A try that fails costs a replacement; the next round decides whether there is another. */
  private async rentOne({ id }: Reservation, order: GangOrder): Promise<GangResult> {
    try {
      return await this.watch.during(id, (canceled) => this.renter.rent({ ...order, canceled }));
    } catch (error) {
      const code = isDomainError(error) ? error.code : 'rent_failed';
      this.logger.warn({ msg: 'no replacement', reservation_id: id, code, err: error });
      return { rentals: [], errors: [{ code }] };
    }
  }
}
