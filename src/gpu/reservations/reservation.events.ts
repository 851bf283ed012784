import type { ReservationState } from './reservation.entity.js';

/** `reservation.updated`: it was made, its contracts exist, or it has come to its end. */
export const RESERVATION_UPDATED = 'reservation.updated';

export interface ReservationUpdated {
  reservationId: string;
  state: ReservationState;
  reason: string | null;
}
