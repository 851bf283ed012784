import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import type { Absence } from '../rentals/rental-lifecycle.js';

/** Looks further apart than this are no row: lists failed in between, or another process did the looking. */
const LONGEST_GAP_MS = 120_000;

/** Counts how often in a row something was seen, and since when. */
export class Sightings {
  private readonly rows = new LRUCache<string, Absence & { lastAt: number }>({ max: 10_000 });

  constructor(private readonly clock: Clock) {}

  add(key: string): Absence {
    const now = this.clock.now();
    const row = this.rows.get(key);
    const isRow = row !== undefined && now - row.lastAt <= LONGEST_GAP_MS;
    const { count, since } = isRow ? row : { count: 0, since: now };
    const seen = { count: count + 1, since };
    this.rows.set(key, { ...seen, lastAt: now });
    return seen;
  }

  /** The row is broken. */
  clear(key: string): void {
    this.rows.delete(key);
  }
}
