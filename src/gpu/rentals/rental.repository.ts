import { Injectable } from '@nestjs/common';
import { In, IsNull, LessThan, Not, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { Rental } from './rental.entity.js';
import { LIVE_STATES, type RentalState } from './rental-state.js';

/** A position in a list that is ordered by creation, newest first. */
export interface RentalCursor {
  createdAt: number;
  id: string;
}

@Injectable()
export class RentalRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async insert(rental: Rental, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.insert(Rental, rental);
  }

  findOwned(userId: string, id: string): Promise<Rental | null> {
    return this.unitOfWork.manager.findOneBy(Rental, { id, userId });
  }

  /** By our id, the farm's contract id or the instance id, whichever the caller has. */
  findOwnedByAnyId(userId: string, provider: Rental['provider'], id: string): Promise<Rental | null> {
    const mine = { userId, provider };
    return this.unitOfWork.manager.findOne(Rental, {
      where: [
        { ...mine, id },
        { ...mine, contractId: id },
        { ...mine, instanceId: id },
      ],
      order: { createdAt: 'DESC', id: 'DESC' },
    });
  }

  countOpen(userId: string): Promise<number> {
    return this.unitOfWork.manager.countBy(Rental, { userId, settledAt: IsNull() });
  }

  findById(id: string): Promise<Rental | null> {
    return this.unitOfWork.manager.findOneBy(Rental, { id });
  }

  /** Rentals of this contract id whose contract may still exist; more than one where a farm gives ids again. */
  openWithContract(provider: Rental['provider'], contractId: string): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { provider, contractId, contractGoneAt: IsNull() });
  }

  findByLabel(label: string): Promise<Rental | null> {
    return this.unitOfWork.manager.findOneBy(Rental, { label });
  }

  findMany(ids: readonly string[]): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { id: In([...ids]) });
  }

  ofReservation(reservationId: string): Promise<Rental[]> {
    return this.unitOfWork.manager.find(Rental, {
      where: { reservationId },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
  }

  ofReservations(reservationIds: readonly string[]): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { reservationId: In([...reservationIds]) });
  }

  async page(
    userId: string,
    limit: number,
    after?: RentalCursor,
    states?: readonly RentalState[],
  ): Promise<Rental[]> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(Rental, 'rental')
      .where('rental.user_id = :userId', { userId })
      .orderBy('rental.created_at', 'DESC')
      .addOrderBy('rental.id', 'DESC')
      .limit(limit);
    if (states) query.andWhere('rental.state IN (:...states)', { states });
    if (after) {
      query.andWhere('(rental.created_at < :at OR (rental.created_at = :at AND rental.id < :id))', {
        at: after.createdAt,
        id: after.id,
      });
    }
    return query.getMany();
  }

  running(userId?: string): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { state: 'running', ...(userId ? { userId } : {}) });
  }

  /** Rentals of a farm whose contract may still exist. */
  openAt(provider: Rental['provider']): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { provider, contractGoneAt: IsNull() });
  }

  live(): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { state: In([...LIVE_STATES]) });
  }

  endedUnsettled(): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { endedAt: Not(IsNull()), settledAt: IsNull() });
  }

  requestedBefore(instant: number): Promise<Rental[]> {
    return this.unitOfWork.manager.findBy(Rental, { state: 'requested', createdAt: LessThan(instant) });
  }

  /** Changes the row only while it is still in one of `from`; tells whether it did. */
  async updateFrom(
    id: string,
    from: readonly RentalState[],
    patch: Partial<Rental>,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    return this.conditionalUpdate({ id, state: In([...from]) }, patch, manager);
  }

  /** Records the contract of a rent unless one is recorded already. */
  async setContract(
    id: string,
    patch: Pick<Rental, 'contractId' | 'instanceId' | 'contractAt'>,
    manager: EntityManager,
  ): Promise<void> {
    await manager.update(Rental, { id, contractId: IsNull() }, patch);
  }

  /** An instance id names one rental, the newest. */
  async releaseInstanceId(instanceId: string, newestId: string, manager: EntityManager): Promise<void> {
    await manager.update(Rental, { instanceId, id: Not(newestId) }, { instanceId: null });
  }

  async setServing(id: string, patch: Partial<Pick<Rental, 'isServing' | 'servedAt'>>): Promise<boolean> {
    return this.conditionalUpdate({ id, state: 'running' }, patch);
  }

  async setEndsAt(id: string, endsAt: number): Promise<void> {
    await this.conditionalUpdate({ id }, { endsAt });
  }

  /** Moves the ends that its owner has named. */
  async prolong(id: string, hours: number): Promise<void> {
    const update = this.unitOfWork.manager.createQueryBuilder().update(Rental);
    // What is NULL stays NULL.
    update.set({
      durationHours: () => 'duration_hours + :hours',
      timeLimitMs: () => 'time_limit_ms + :ms',
    });
    await update
      .where('id = :id', { id })
      .setParameters({ id, hours, ms: hours * 3_600_000 })
      .execute();
  }

  async markContractGone(id: string, at: number): Promise<void> {
    await this.conditionalUpdate({ id, contractGoneAt: IsNull() }, { contractGoneAt: at });
  }

  async markSettled(id: string, at: number): Promise<void> {
    await this.conditionalUpdate({ id, settledAt: IsNull() }, { settledAt: at });
  }

  private async conditionalUpdate(
    where: FindOptionsWhere<Rental>,
    patch: Partial<Rental>,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const result = await manager.update(Rental, where, patch);
    return (result.affected ?? 0) > 0;
  }
}
