import type { BalancedInstance } from './balanced-instance.js';
import type { CircuitTicket } from './outlier.js';

/** `error`: the instance failed (5xx, broke off, unreachable); `aborted`: the client went away, which blames nobody. */
export type LeaseOutcome = 'success' | 'error' | 'aborted' | 'timeout';

/**
 * One connection to an instance, counted from the moment it is given out until `release`. Whoever takes a lease
 * releases it on every way out; a second release does nothing.
 */
export interface Lease {
  readonly instanceId: string;
  /** The head of the answer has arrived. The first call counts as the response time; do not call it for a 5xx. */
  firstByte(): void;
  release(outcome: LeaseOutcome): void;
}

/** Who keeps the books of leases. */
export interface LeaseKeeper {
  answered(lease: InstanceLease): void;
  ended(lease: InstanceLease, outcome: LeaseOutcome): void;
}

export class InstanceLease implements Lease {
  private hasAnswered = false;
  private isReleased = false;

  constructor(
    readonly instance: BalancedInstance,
    readonly ticket: CircuitTicket,
    /** Epoch milliseconds. */
    readonly startedAt: number,
    private readonly keeper: LeaseKeeper,
  ) {}

  get instanceId(): string {
    return this.instance.id;
  }

  firstByte(): void {
    if (this.hasAnswered || this.isReleased) return;
    this.hasAnswered = true;
    this.keeper.answered(this);
  }

  release(outcome: LeaseOutcome): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.keeper.ended(this, outcome);
  }
}
