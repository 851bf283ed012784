import type { TransportEffect } from '../faults.js';

/** What a deployment may run into; `events_null` works and shows `container_events: null`. */
export type IoNetFate = 'container_failed' | 'never_public_url' | 'stuck_requested' | 'events_null';

/** Which effect can be injected into which call; `boot` decides what the next deployment runs into. */
export interface IoNetFaults {
  any: TransportEffect;
  hardware: TransportEffect;
  replicas: TransportEffect;
  price: TransportEffect;
  deploy: TransportEffect | 'no_credits' | 'no_replicas' | 'name_taken';
  list: TransportEffect;
  show: TransportEffect | 'not_found';
  containers: TransportEffect;
  logs: TransportEffect;
  extend: TransportEffect | 'no_credits';
  update: TransportEffect;
  destroy: TransportEffect;
  boot: IoNetFate;
}
