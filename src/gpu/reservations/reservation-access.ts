import { Injectable } from '@nestjs/common';
import { RentalRepository } from '../rentals/rental.repository.js';
import { machineKey } from './offer-keys.js';
import type { Reservation } from './reservation.entity.js';
import { ReservationRepository } from './reservation.repository.js';

/** The rows around a reservation that a replacement touches. */
@Injectable()
export class ReservationAccess {
  constructor(
    private readonly reservations: ReservationRepository,
    private readonly rentals: RentalRepository,
  ) {}

  takeReplacement({ id }: Reservation, deadlineAt: number): Promise<boolean> {
    return this.reservations.takeReplacement(id, deadlineAt);
  }

  async usedMachines({ id }: Reservation): Promise<string[]> {
    const members = await this.rentals.ofReservation(id);
    return members.map(machineKey).filter((key) => key !== undefined);
  }
}
