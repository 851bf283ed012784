import { Injectable } from '@nestjs/common';
import type { AuditEvent } from '../../audit/audit-event.js';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import type { Origin } from '../../common/origin.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { GangError } from './gang-order.js';
import { RESERVATION_UPDATED, type ReservationUpdated } from './reservation.events.js';
import type { Reservation } from './reservation.entity.js';
import { ReservationRepository } from './reservation.repository.js';

/** The one door through which a reservation changes its state. A reservation that is no longer pending stays as it is. */
@Injectable()
export class ReservationStates {
  constructor(
    private readonly reservations: ReservationRepository,
    private readonly events: EventBus,
    private readonly clock: Clock,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditLog,
  ) {}

  async open(reservation: Reservation, origin?: Origin): Promise<void> {
    await this.unitOfWork.run(async (manager) => {
      await this.reservations.insert(reservation, manager);
      await this.audit.append(creationOf(reservation, origin), manager);
    });
    this.announce(reservation);
  }

  /** The contracts exist; false when it has been canceled meanwhile. */
  rented(reservation: Reservation, errors: readonly GangError[]): Promise<boolean> {
    return this.change(reservation, { rentedAt: this.clock.now(), errors: [...errors] });
  }

  complete(reservation: Reservation): Promise<boolean> {
    return this.change(reservation, { state: 'completed', reason: null });
  }

  fail(reservation: Reservation, reason: string, errors: readonly GangError[]): Promise<boolean> {
    return this.change(reservation, {
      state: 'failed',
      reason,
      errors: [...reservation.errors, ...errors],
    });
  }

  private async change(reservation: Reservation, patch: Partial<Reservation>): Promise<boolean> {
    if (!(await this.reservations.updatePending(reservation.id, patch))) return false;
    Object.assign(reservation, patch);
    this.announce(reservation);
    return true;
  }

  private announce({ id: reservationId, userId, state, reason }: Reservation): void {
    const data: ReservationUpdated = { reservationId, state, reason };
    this.events.emit({ name: RESERVATION_UPDATED, userId, at: this.clock.now(), data });
  }
}

function creationOf({ id, userId, pool, mode, requested }: Reservation, origin?: Origin): AuditEvent {
  return {
    action: 'reservation.created',
    origin: origin ?? { actorKind: 'user', actorId: userId },
    subjectId: userId,
    target: `reservation:${id}`,
    details: { pool, mode, requested },
  };
}
