import type { ResetInterval } from './credit-quota.entity.js';

const DAY_MS = 86_400_000;
const DAYS_PER_WEEK = 7;
/** The epoch began on a Thursday. */
const DAYS_FROM_EPOCH_TO_MONDAY = 4;

/** The first boundary of the interval after an instant, UTC. */
export function nextReset(interval: ResetInterval, now: number): number {
  const date = new Date(now);
  const day = Math.floor(now / DAY_MS);
  switch (interval) {
    case 'day':
      return (day + 1) * DAY_MS;
    case 'week': {
      const week = Math.floor((day - DAYS_FROM_EPOCH_TO_MONDAY) / DAYS_PER_WEEK);
      return ((week + 1) * DAYS_PER_WEEK + DAYS_FROM_EPOCH_TO_MONDAY) * DAY_MS;
    }
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
  }
}
