import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import { creditsFromMicro } from '../../common/money.js';
import { SYSTEM, type Origin } from '../../common/origin.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { RentalRepository } from './rental.repository.js';
import { isLive, type RentalState } from './rental-state.js';
import type { Rental } from './rental.entity.js';

/** Reasons of ends that the owner asked for. */
const OWNERS_REASONS = new Set(['destroyed_by_owner', 'canceled', 'reservation_canceled']);

/** Beginnings and ends of rentals, written together with their audit entries. */
@Injectable()
export class RentalTrail {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rentals: RentalRepository,
    private readonly audit: AuditLog,
  ) {}

  open(rental: Rental, origin: Origin = ownerOf(rental)): Promise<void> {
    const { id, userId, provider, offerId, priceMicro, reservationId } = rental;
    const details = {
      provider,
      offer_id: offerId,
      price_per_hour: creditsFromMicro(priceMicro),
      reservation_id: reservationId ?? undefined,
    };
    const event = {
      action: 'rental.created',
      origin,
      subjectId: userId,
      target: `rental:${id}`,
      details,
    } as const;
    return this.unitOfWork.run(async (manager) => {
      await this.rentals.insert(rental, manager);
      await this.audit.append(event, manager);
    });
  }

  /** Changes the row if it is in one of these states. What keeps it alive is not worth an entry. */
  change(
    rental: Rental,
    from: readonly RentalState[],
    patch: Partial<Rental>,
    origin?: Origin,
  ): Promise<boolean> {
    const hasEnded = patch.state !== undefined && isLive(rental.state) && !isLive(patch.state);
    if (!hasEnded) return this.rentals.updateFrom(rental.id, from, patch);
    return this.end(rental, from, patch, origin);
  }

  private end(
    rental: Rental,
    from: readonly RentalState[],
    patch: Partial<Rental>,
    origin: Origin | undefined,
  ): Promise<boolean> {
    const { id, userId, provider, contractId } = rental;
    const { state, reason = null } = patch;
    const isOwners = OWNERS_REASONS.has(reason ?? '');
    const event = {
      action: 'rental.ended',
      origin: origin ?? (isOwners ? ownerOf(rental) : SYSTEM),
      subjectId: userId,
      target: `rental:${id}`,
      details: { provider, contract_id: contractId, state, reason },
    } as const;
    return this.unitOfWork.run(async (manager) => {
      if (!(await this.rentals.updateFrom(id, from, patch, manager))) return false;
      await this.audit.append(event, manager);
      return true;
    });
  }
}

/** The owner, on a way that told nothing more. */
function ownerOf({ userId: actorId }: Rental): Origin {
  return { actorKind: 'user', actorId };
}
