import type { Clock } from '../../common/clock.js';
import type { InstanceStats } from '../instance-stats.js';

/** An instance as a strategy sees it. The numbers move under the strategy's feet; `changed` says when. */
export interface BalancingMember {
  readonly id: string;
  /** The order in which the balancer came to know its instances; the smallest is the oldest. */
  readonly serial: number;
  /** Relative capacity, above 0; 3 takes three times what 1 takes. */
  readonly weight: number;
  /** Shared by every pool the instance is in, so load from one pool is seen by the others. */
  readonly stats: InstanceStats;
}

/**
 * The order of one pool: which member is next. A strategy only picks. Who is healthy, who holds what and how bytes
 * travel are decided elsewhere: members that must not be picked (fenced, ejected) are not in the order at all.
 *
 * Every object belongs to one pool and is used by one thread. Each method costs O(log n) or less for n members, and
 * the same calls always give the same picks: nothing is random.
 */
export interface BalancingStrategy {
  /** The name on the wire, as its key in the list of members says it. */
  readonly name: string;

  /**
   * Puts a member into the order: a new one, or one that comes back from ejection. It joins at the level of the
   * others, never so far behind that it would be flooded. Adding a member twice changes nothing.
   */
  add(member: BalancingMember): void;

  /** Takes a member out; whoever is left keeps its position. Removing a stranger changes nothing. */
  remove(member: BalancingMember): void;

  /** The member's weight or statistics have changed since the last call. Strangers are ignored. */
  changed(member: BalancingMember): void;

  /**
   * The member that is next and not in `exclude`, or undefined when there is none. A pick is a turn taken: the next
   * call moves on, even before `changed` reports the connection that follows from it. Excluded members keep their
   * place.
   * @param exclude ids already tried for this request; the cost grows with its size, so keep it small
   */
  pick(exclude: ReadonlySet<string>): BalancingMember | undefined;
}

/** How the balancer makes the order of a pool. */
export type BalancingStrategyClass = new (clock: Clock) => BalancingStrategy;
