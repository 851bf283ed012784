/** What a key is narrowed to, as its row keeps it. */
export interface StoredKeyLimits {
  /** Addresses and CIDR ranges that it may be used from. */
  allowedIps?: readonly string[];
  /** Names, or beginnings that end in `*`. */
  allowedModels?: readonly string[];
  /** Pools, instances and rentals by name or id; hosts as in PROXY_TARGETS. */
  allowedTargets?: readonly string[];
  spendLimitMicro?: number;
  requestsPerMinute?: number;
}

/** Null when nothing is narrowed. */
export function limitsOrNull(limits: StoredKeyLimits): StoredKeyLimits | null {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : null;
}
