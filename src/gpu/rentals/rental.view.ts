import { creditsFromMicro } from '../../common/money.js';
import { expiresAt, type Rental } from './rental.entity.js';
import type { RentalState } from './rental-state.js';

/** A rental as its owner sees it. */
export class RentalView {
  id: string;
  provider: string;
  /** The farm's id of the contract; null until it is made. */
  contract_id: string | null;
  instance_id: string | null;
  reservation_id: string | null;
  /** Pools it was put into; every running rental is in `default` besides. */
  pools: string[];
  state: RentalState;
  /** Why it is in this state, where there is a reason. */
  reason: string | null;
  /** When it entered this state. */
  since: string;
  /** Its service answers and it is balanced. */
  serving: boolean;
  gpu_model: string;
  gpu_count: number;
  vram_gb: number;
  location: string | null;
  price_per_hour: number;
  /** Credits charged so far. */
  cost: number;
  created_at: string;
  running_at: string | null;
  ended_at: string | null;
  /** When it ends by itself; null = never. */
  expires_at: string | null;
  /** Where its service is reached; null until it runs. Requests through the proxy need no address. */
  url: string | null;

  static from(rental: Rental, extra: { pools: readonly string[]; costMicro: number }): RentalView {
    return {
      id: rental.id,
      provider: rental.provider,
      contract_id: rental.contractId,
      instance_id: rental.instanceId,
      reservation_id: rental.reservationId,
      pools: [...extra.pools],
      state: rental.state,
      reason: rental.reason,
      since: toIso(rental.since),
      serving: rental.isServing,
      gpu_model: rental.gpuModel,
      gpu_count: rental.gpuCount,
      vram_gb: rental.vramGb,
      location: rental.location,
      price_per_hour: creditsFromMicro(rental.priceMicro),
      cost: creditsFromMicro(extra.costMicro),
      created_at: toIso(rental.createdAt),
      running_at: toIsoOrNull(rental.runningAt),
      ended_at: toIsoOrNull(rental.endedAt),
      expires_at: toIsoOrNull(expiresAt(rental)),
      url: rental.state === 'running' ? (Object.values(rental.origins)[0] ?? null) : null,
    };
  }
}

export class RentalListView {
  rentals: RentalView[];
  count: number;
  next_cursor: string | null;
}

/** The answer to a rent. */
export class CreatedRentalView {
  rental_id: string;
  instance_id: string | null;
  contract_id: string | null;
  provider: string;
  state: RentalState;
  price_per_hour: number;

  static from(rental: Rental): CreatedRentalView {
    return {
      rental_id: rental.id,
      instance_id: rental.instanceId,
      contract_id: rental.contractId,
      provider: rental.provider,
      state: rental.state,
      price_per_hour: creditsFromMicro(rental.priceMicro),
    };
  }
}

export class DestroyedRentalView {
  message: string;
  rental_id: string;
  state: RentalState;
}

export class RentalLogsView {
  rental_id: string;
  logs: string;
}

const toIso = (instant: number): string => new Date(instant).toISOString();
const toIsoOrNull = (instant: number | null): string | null => (instant === null ? null : toIso(instant));
