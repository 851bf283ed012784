/** `limit` requests per `windowMs`, of which all may come at once. A limit of 0 means no limit. */
export interface RatePolicy {
  /** Names the policy to callers and keeps its counts apart from others'. */
  name: string;
  limit: number;
  windowMs: number;
  /** Without Redis a process takes only half of its part of this limit. */
  isCautious?: boolean;
}

/** One request about to be counted under a policy. */
export interface RateAsk {
  policy: RatePolicy;
  /** Whose count: a user id, an address. */
  key: string;
}

export interface RateDecision {
  policy: RatePolicy;
  isAllowed: boolean;
  /** How many more would be allowed now. */
  remaining: number;
  /** How long to wait until one more is allowed; 0 while some remain. */
  retryAfterMs: number;
  /** Until the whole limit is there again. */
  resetMs: number;
  /** Epoch milliseconds of the decision. */
  now: number;
}

/** Names the bucket of a policy and a key, wherever it is kept. */
export const bucketOf = ({ policy, key }: RateAsk): string => `${policy.name}:${key}`;

/** Time in which the bucket of a policy gains one request. */
export const intervalMs = ({ limit, windowMs }: RatePolicy): number => windowMs / limit;
