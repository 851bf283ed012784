import { creditsFromMicro } from '../../common/money.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { RentalState } from '../rentals/rental-state.js';
import { CreatedRentalView } from '../rentals/rental.view.js';
import type { GangError } from './gang-order.js';
import type { Reservation, ReservationState } from './reservation.entity.js';

export class GangErrorView {
  provider?: string;
  /** The farm's offer id. */
  offer_id?: string;
  /** Why this try did not become an instance. */
  code: string;
}

export class ReservedInstanceView {
  instance_id: string | null;
  contract_id: string | null;
  rental_id: string;
  provider: string;
  gpu_model: string;
  /** Nominal GB per GPU. */
  vram: number;
  /** Dollars per hour. */
  price: number;
  state: RentalState;

  static from(rental: Rental): ReservedInstanceView {
    return {
      instance_id: rental.instanceId,
      contract_id: rental.contractId,
      rental_id: rental.id,
      provider: rental.provider,
      gpu_model: rental.gpuModel,
      vram: rental.vramGb,
      price: creditsFromMicro(rental.priceMicro),
      state: rental.state,
    };
  }
}

export class ReservationView {
  reservation_id: string;
  /** Requests through this pool are balanced over its members. */
  pool: string;
  state: ReservationState;
  reason: string | null;
  /** Its members that are coming up, run, or ran. */
  reserved: ReservedInstanceView[];
  count: number;
  requested: number;
  /** Tries that failed on the way, and members that did not come up. */
  errors: GangErrorView[];
  created_at: string;

  static from(reservation: Reservation, members: readonly Rental[]): ReservationView {
    const rented = members.filter(({ contractId }) => contractId !== null);
    const reserved = rented.filter((rental) => !hasNotComeUp(rental));
    return {
      reservation_id: reservation.id,
      pool: reservation.pool,
      state: reservation.state,
      reason: reservation.reason,
      reserved: reserved.map((rental) => ReservedInstanceView.from(rental)),
      count: reserved.length,
      requested: reservation.requested,
      errors: [...reservation.errors, ...rented.filter(hasNotComeUp).map(toError)],
      created_at: new Date(reservation.createdAt).toISOString(),
    };
  }
}

/** Such a member is missing, or another machine has taken its place. */
function hasNotComeUp({ state, runningAt }: Rental): boolean {
  return runningAt === null && (state === 'failed' || state === 'expired' || state === 'lost');
}

function toError({ provider, offerId, reason }: Rental): GangErrorView {
  return { provider, offer_id: offerId, code: reason ?? 'failed' };
}

export class ReservationListView {
  reservations: ReservationView[];
  count: number;
  next_cursor: string | null;
}

export class BatchView {
  vastai_instances: CreatedRentalView[];
  ionet_instances: CreatedRentalView[];
  total_created: number;
  errors: GangErrorView[];

  static from(
    farms: { vastAi: readonly Rental[]; ioNet: readonly Rental[] },
    errors: GangError[],
  ): BatchView {
    return {
      vastai_instances: farms.vastAi.map((rental) => CreatedRentalView.from(rental)),
      ionet_instances: farms.ioNet.map((rental) => CreatedRentalView.from(rental)),
      total_created: farms.vastAi.length + farms.ioNet.length,
      errors,
    };
  }
}
