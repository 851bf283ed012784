import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import { tooManyRefusals } from '../billing.errors.js';

const MOST_PER_MINUTE = 120;
const MINUTE_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/**
 * How often an address may send call-backs that are none. Real ones are never counted, so that a burst of a
 * processor's is not turned away.
 */
@Injectable()
export class RefusalLimit {
  private readonly refusals = new LRUCache<string, { since: number; count: number }>({ max: MOST_ADDRESSES });

  constructor(private readonly clock: Clock) {}

  /** @throws DomainError 429 `rate_limited` */
  check(address: string): void {
    const entry = this.refusals.get(address);
    const leftMs = entry ? entry.since + MINUTE_MS - this.clock.now() : 0;
    if (entry && leftMs > 0 && entry.count >= MOST_PER_MINUTE)
      throw tooManyRefusals(Math.ceil(leftMs / 1000));
  }

  count(address: string): void {
    const now = this.clock.now();
    const entry = this.refusals.get(address);
    const isCurrent = entry !== undefined && now - entry.since < MINUTE_MS;
    this.refusals.set(address, isCurrent ? { ...entry, count: entry.count + 1 } : { since: now, count: 1 });
  }
}
