/** What the requests of one key may cost altogether. */
export interface SpendLimit {
  /** The key, or the first of those it was rotated from. */
  id: string;
  limitMicro: number;
}

/** Whose credits a request spends: all that the user has, or the part of them that one key may spend. */
export interface Purse {
  /** Each has a block of its own in a process. */
  id: string;
  userId: string;
  limit?: SpendLimit;
}

export function purseOf(userId: string, limit?: SpendLimit): Purse {
  return limit ? { id: `${userId} ${limit.id}`, userId, limit } : { id: userId, userId };
}
