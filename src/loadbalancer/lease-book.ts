import type { Clock } from '../common/clock.js';
import { BucketHistogram } from '../common/metrics/bucket-histogram.js';
import type { BalancedInstance } from './balanced-instance.js';
import { InstanceLease, type Lease, type LeaseKeeper, type LeaseOutcome } from './lease.js';
import type { Circuit, CircuitPhase } from './outlier.js';
import { RankedHeap, type RankedNode } from './strategies/ranked-heap.js';

interface Ejection extends RankedNode {
  readonly member: BalancedInstance;
}

/** Counts connections in and out, and turns their outcomes into ejections and second chances. */
export class LeaseBook implements LeaseKeeper {
  /** Until an instance began to answer. */
  readonly firstBytes = new BucketHistogram();
  ejectionCount = 0;
  /** Open circuits, ranked by the time of their next chance. */
  private readonly ejections = new RankedHeap<Ejection>();
  private readonly ejectionOf = new Map<BalancedInstance, Ejection>();

  constructor(private readonly clock: Clock) {}

  open(instance: BalancedInstance): Lease {
    const now = this.clock.now();
    const ticket = instance.circuit.begin();
    instance.stats.opened(now);
    instance.statsChanged();
    if (ticket.isProbe) instance.reconsider();
    return new InstanceLease(instance, ticket, now, this);
  }

  /** Gives those their chance whose ejection is over. Called before a pick, so that no timer is needed. */
  endEjections(): void {
    const now = this.clock.now();
    for (let next = this.ejections.first; next && next.rank <= now; next = this.ejections.first) {
      this.unschedule(next.member);
      next.member.circuit.halfOpen();
      next.member.reconsider();
    }
  }

  answered({ instance, ticket, startedAt }: InstanceLease): void {
    const now = this.clock.now();
    instance.stats.responseTimes.answered(now - startedAt, now);
    this.firstBytes.observe(now - startedAt);
    instance.statsChanged();
    // An answer may stream for minutes: a probe that has begun to answer has shown enough. For others the outcome
    // counts, or an instance that always breaks off midway would never fail twice in a row.
    if (!ticket.isProbe) return;
    const before = instance.circuit.phase;
    instance.circuit.succeeded(ticket, now);
    this.follow(instance, before);
  }

  ended(lease: InstanceLease, outcome: LeaseOutcome): void {
    const { instance } = lease;
    const before = instance.circuit.phase;
    instance.stats.closed();
    this.judge(lease, outcome, instance.circuit);
    instance.statsChanged();
    this.follow(instance, before);
  }

  private judge(
    { instance, ticket, startedAt }: InstanceLease,
    outcome: LeaseOutcome,
    circuit: Circuit,
  ): void {
    const now = this.clock.now();
    switch (outcome) {
      case 'success':
        return circuit.succeeded(ticket, now);
      case 'aborted':
        return circuit.abandoned(ticket);
      case 'error':
      case 'timeout':
        instance.stats.responseTimes.failed(now - startedAt, now);
        return circuit.failed(ticket, now);
    }
  }

  private follow(instance: BalancedInstance, before: CircuitPhase): void {
    const { phase, halfOpenAt } = instance.circuit;
    if (phase === before) return;
    this.unschedule(instance);
    if (phase === 'open') this.schedule(instance, halfOpenAt);
    instance.reconsider();
    if (phase === 'closed') instance.backSince(this.clock.now());
  }

  private schedule(instance: BalancedInstance, at: number): void {
    this.ejectionCount += 1;
    const ejection = { member: instance, rank: at, turn: 0, position: -1 };
    this.ejectionOf.set(instance, ejection);
    this.ejections.add(ejection);
  }

  private unschedule(instance: BalancedInstance): void {
    const ejection = this.ejectionOf.get(instance);
    if (!ejection) return;
    this.ejectionOf.delete(instance);
    this.ejections.remove(ejection);
  }
}
