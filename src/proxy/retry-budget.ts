import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock.js';

/** So many retries a second are always allowed. */
const RESERVE_PER_SECOND = 3;
/** Beyond them, one retry per five requests. */
const SHARE = 0.2;
/** Requests of the past count only so far: a quiet night buys no storm in the morning. */
const MOST_SAVED = 100;
const MOST_POOLS = 10_000;

interface Account {
  saved: number;
  reserve: number;
  refilledAt: number;
}

/** Keeps retries from multiplying the load of a pool that is already failing. */
@Injectable()
export class RetryBudget {
  private readonly accounts = new LRUCache<string, Account>({ max: MOST_POOLS });

  constructor(private readonly clock: Clock) {}

  /** Every first try pays in. */
  countRequest(poolKey: string): void {
    const account = this.accountOf(poolKey);
    account.saved = Math.min(MOST_SAVED, account.saved + SHARE);
  }

  /** Takes one retry out, if there is any. */
  takeRetry(poolKey: string): boolean {
    const account = this.accountOf(poolKey);
    this.refill(account);
    if (account.reserve >= 1) {
      account.reserve -= 1;
      return true;
    }
    if (account.saved < 1) return false;
    account.saved -= 1;
    return true;
  }

  private accountOf(poolKey: string): Account {
    const known = this.accounts.get(poolKey);
    if (known) return known;
    const account = { saved: 0, reserve: RESERVE_PER_SECOND, refilledAt: this.clock.now() };
    this.accounts.set(poolKey, account);
    return account;
  }

  private refill(account: Account): void {
    const now = this.clock.now();
    const elapsedSeconds = Math.max(0, now - account.refilledAt) / 1000;
    account.reserve = Math.min(RESERVE_PER_SECOND, account.reserve + elapsedSeconds * RESERVE_PER_SECOND);
    account.refilledAt = now;
  }
}
