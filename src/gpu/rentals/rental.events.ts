import type { RentalState } from './rental-state.js';

/** `rental.updated`: a rental changed its state or began or ceased to serve. */
export const RENTAL_UPDATED = 'rental.updated';

export interface RentalUpdated {
  rentalId: string;
  reservationId: string | null;
  instanceId: string | null;
  state: RentalState;
  reason: string | null;
  serving: boolean;
}
