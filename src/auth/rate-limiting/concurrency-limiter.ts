import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { DomainError } from '../../common/domain-error.js';

/**
 * How many requests and tunnels of one user a process serves at a time, so that one does not take all sockets. One key or
 * login gets half, so that a client gone wild leaves room for the others of its user.
 */
const MOST_PER_USER = 20_000;
const MOST_PER_CREDENTIAL = MOST_PER_USER / 2;

/** Counts what is under way on the data plane, per user and per credential, in this process. */
@Injectable()
export class ConcurrencyLimiter {
  private readonly active = new Map<string, number>();

  /**
   * Counts a request in; the answer counts it out again, once.
   * @throws DomainError 429 `too_many_concurrent_requests`
   */
  enter({ userId, credentialId }: Caller): () => void {
    if (this.activeOf(userId) >= MOST_PER_USER) throw tooManyConcurrentRequests(MOST_PER_USER);
    if (this.activeOf(credentialId) >= MOST_PER_CREDENTIAL) {
      throw tooManyConcurrentRequests(MOST_PER_CREDENTIAL);
    }
    this.change(userId, 1);
    this.change(credentialId, 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.change(userId, -1);
      this.change(credentialId, -1);
    };
  }

  /** @param id of a user, an API key or a session */
  activeOf(id: string): number {
    return this.active.get(id) ?? 0;
  }

  private change(id: string, by: 1 | -1): void {
    const count = this.activeOf(id) + by;
    if (count === 0) this.active.delete(id);
    else this.active.set(id, count);
  }
}

function tooManyConcurrentRequests(most: number): DomainError {
  const detail = `${most} requests are under way; wait until some have ended.`;
  return new DomainError('too_many_concurrent_requests', 429, detail, { headers: { 'Retry-After': '1' } });
}
