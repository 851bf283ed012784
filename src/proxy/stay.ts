import type { BusySpan, InstanceBusyTime } from '../credits/usage/instance-busy-time.js';
import type { Lease, LeaseOutcome } from '../loadbalancer/lease.js';

/** A lease that also finds out which share of its instance's time the request had. */
export class Stay implements Lease {
  /** Known from the release on. */
  busyMs: number | undefined;
  private readonly span: BusySpan;

  constructor(
    private readonly lease: Lease,
    readonly rentalId: string,
    private readonly busyTime: InstanceBusyTime,
  ) {
    this.span = busyTime.begin(rentalId);
  }

  get instanceId(): string {
    return this.lease.instanceId;
  }

  firstByte(): void {
    this.lease.firstByte();
  }

  release(outcome: LeaseOutcome): void {
    this.busyMs ??= this.busyTime.end(this.span);
    this.lease.release(outcome);
  }
}

/** What usage rows say of where a request has been. */
export interface Visited {
  rentalId?: string;
  busyMs?: number;
}

/** To be asked after the release. */
export function visitedBy({ lease }: { lease?: Stay }): Visited {
  return lease ? { rentalId: lease.rentalId, busyMs: lease.busyMs } : {};
}
