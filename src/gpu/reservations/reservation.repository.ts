import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { Cursor } from '../../common/cursor.js';
import { Rental } from '../rentals/rental.entity.js';
import { LIVE_STATES } from '../rentals/rental-state.js';
import { Reservation, type ReservationState } from './reservation.entity.js';

@Injectable()
export class ReservationRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async insert(reservation: Reservation, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.insert(Reservation, reservation);
  }

  findOwned(userId: string, id: string): Promise<Reservation | null> {
    return this.unitOfWork.manager.findOneBy(Reservation, { id, userId });
  }

  findPending(id: string): Promise<Reservation | null> {
    const state: ReservationState = 'pending';
    return this.unitOfWork.manager.findOneBy(Reservation, { id, state });
  }

  isPending(id: string): Promise<boolean> {
    const state: ReservationState = 'pending';
    return this.unitOfWork.manager.existsBy(Reservation, { id, state });
  }

  /** Failed ones that still hold a live member, because the process that gave it back died. */
  failedWithMembers(): Promise<Reservation[]> {
    return this.unitOfWork.manager
      .createQueryBuilder(Reservation, 'reservation')
      .innerJoin(Rental, 'rental', 'rental.reservation_id = reservation.id')
      .where("reservation.state = 'failed'")
      .andWhere('rental.state IN (:...live)', { live: [...LIVE_STATES] })
      .distinct()
      .getMany();
  }

  pending(): Promise<Reservation[]> {
    return this.unitOfWork.manager.findBy(Reservation, { state: 'pending' });
  }

  page(userId: string, limit: number, after?: Cursor): Promise<Reservation[]> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(Reservation, 'reservation')
      .where('reservation.user_id = :userId', { userId })
      .orderBy('reservation.created_at', 'DESC')
      .addOrderBy('reservation.id', 'DESC')
      .limit(limit);
    if (after) {
      query.andWhere(
        '(reservation.created_at < :at OR (reservation.created_at = :at AND reservation.id < :id))',
        {
          at: after.createdAt,
          id: after.id,
        },
      );
    }
    return query.getMany();
  }

  /** Changes it only while it is pending: an end is final. */
  async updatePending(id: string, patch: Partial<Reservation>): Promise<boolean> {
    const state: ReservationState = 'pending';
    const result = await this.unitOfWork.manager.update(Reservation, { id, state }, patch);
    return (result.affected ?? 0) > 0;
  }

  /**
   * Takes one of the replacements that are left, and marks the reservation as being rented again; false when none is
   * left, or somebody else is at it.
   */
  async takeReplacement(id: string, deadlineAt: number): Promise<boolean> {
    const taken = { replacementsLeft: () => 'replacements_left - 1', rentedAt: null, deadlineAt };
    const result = await this.unitOfWork.manager
      .createQueryBuilder()
      .update(Reservation)
      .set(taken)
      .where("id = :id AND state = 'pending' AND rented_at IS NOT NULL AND replacements_left > 0", { id })
      .execute();
    return (result.affected ?? 0) > 0;
  }
}
