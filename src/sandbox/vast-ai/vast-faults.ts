import type { TransportEffect } from '../faults.js';
import type { VastFate } from './boot-fates.js';

type Rent =
  | 'insufficient_credit'
  | 'missing_billing'
  | 'spend_rate_limit'
  /** HTTP 200 with `success: false`. */
  | 'refused_with_200'
  /** The ask is withdrawn between search and rent, for good. */
  | 'offer_vanished'
  /** The answer is a refusal, and a stopped contract exists. */
  | 'bid_too_low';

/** Which effect can be injected into which call; `boot` decides what the next contract runs into. */
export interface VastFaults {
  any: TransportEffect;
  search: TransportEffect | 'ignores_filters' | 'duplicates';
  rent: TransportEffect | Rent;
  list: TransportEffect | 'gone_410';
  show: TransportEffect | 'not_found';
  state: TransportEffect | 'state_change_queued' | 'missing_billing';
  reboot: TransportEffect;
  recycle: TransportEffect;
  destroy: TransportEffect;
  logs: TransportEffect;
  bid: TransportEffect;
  account: TransportEffect;
  charges: TransportEffect;
  price_increases: TransportEffect;
  boot: VastFate;
}
