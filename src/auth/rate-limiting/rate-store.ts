import type { RateAsk, RateDecision } from './rate-policy.js';

/** Where the buckets of rate limits are kept. */
export interface RateStore {
  /**
   * Counts one request under each policy, in one step, or under none when any of them refuses; then each decision says
   * what its own policy would have done. Decisions stand in the order of the asks.
   */
  takeAll(asks: readonly RateAsk[]): RateDecision[] | Promise<RateDecision[]>;
}
