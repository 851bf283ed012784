/** What a rental goes through. The last four are final; see api.md "Rental states". */
export const RENTAL_STATES = [
  /** We have written down that we will rent; the farm may not know yet. */
  'requested',
  /** The farm made a contract. */
  'provisioning',
  /** The container runs, its ports are not mapped yet. */
  'starting',
  /** The farm says it runs and the ports are mapped. */
  'running',
  /** The owner ended it; the farm has not confirmed. */
  'stopping',
  'destroyed',
  /** It never came up. */
  'failed',
  /** The farm took it away. */
  'lost',
  /** Its time, its term or its owner's credit ran out. */
  'expired',
] as const;

export type RentalState = (typeof RENTAL_STATES)[number];

/** On the way up or up: the states from which a rental can still end. */
export const LIVE_STATES = [
  'requested',
  'provisioning',
  'starting',
  'running',
] as const satisfies RentalState[];
export type LiveState = (typeof LIVE_STATES)[number];

export type FinalState = 'destroyed' | 'failed' | 'lost' | 'expired';

export function isLive(state: RentalState): state is LiveState {
  return (LIVE_STATES as readonly RentalState[]).includes(state);
}
