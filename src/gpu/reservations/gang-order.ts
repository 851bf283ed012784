import type { Origin } from '../../common/origin.js';
import type { OfferFilters, ProviderName } from '../../providers/gpu-provider.js';
import type { RentalConfig } from '../rentals/rental-config.js';
import type { Rental } from '../rentals/rental.entity.js';

/** Several machines wanted together. */
export interface GangOrder {
  userId: string;
  count: number;
  filters: OfferFilters;
  /** Only these farms; default all. */
  providers?: readonly ProviderName[];
  config: RentalConfig;
  timeLimitMs?: number;
  reservationId?: string;
  /** Who asked for it, and from where. */
  origin?: Origin;
  /** How the rentals that are opened shall be called, in their order; default new ids. */
  rentalIds?: readonly string[];
  /** All machines together, per hour, at our price. */
  maxTotalPriceMicro?: number;
  /** Machines that the gang must not use (again). */
  usedMachines?: readonly string[];
  /** All or nothing: too few offers or too little credit is refused before the first rent. */
  isAtomic: boolean;
  /** Epoch ms after which no new rent is begun. */
  deadlineAt: number;
  /** Fires when nobody wants the machines any more. */
  canceled?: AbortSignal;
}

/** Why one try did not become an instance. */
export interface GangError {
  provider?: string;
  offer_id?: string;
  code: string;
}

export interface GangResult {
  rentals: Rental[];
  errors: GangError[];
}
