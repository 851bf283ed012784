/** What usage can be added up by. */
export const USAGE_GROUPS = ['user', 'pool', 'day'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Which usage; instants are epoch ms, `from` inclusive and `to` exclusive. */
export interface EconomicsRange {
  from: number;
  to: number;
  userId?: string;
  /** Of requests; the ledger does not know pools. */
  pool?: string;
}

/**
 * Requests of one group. What a request earns is its own charge and its share of the rental's charge; what it costs
 * is its share of the farm's price. Micro-credits.
 */
export interface UsageSums extends Earnings {
  userId: string | null;
  pool: string | null;
  /** Epoch ms of its midnight UTC. */
  day: number | null;
  requests: number;
  inputTokens: number;
  outputTokens: number;
}

/** What came in and what it cost. Micro-credits = millionths of a dollar. */
export interface Earnings {
  requestRevenueMicro: number;
  gpuRevenueMicro: number;
  gpuCostMicro: number;
}

/** What the ledger booked, the time included in which GPUs had nothing to do. */
export type BookedSums = Earnings;
