import type { BalancingMember } from './balancing-strategy.js';
import { RankedStrategy } from './ranked.strategy.js';

/**
 * The member with the fewest connections, open or closed, whatever its weight. Counting starts when a member joins,
 * at the smallest count that the pool has then: a newcomer takes its turn among those that are served next, and is
 * not flooded until it has caught up with the past.
 */
export class EqualWeightedStrategy extends RankedStrategy {
  readonly name = 'equal_weighted';
  /** The member's total that counts as zero here. */
  private readonly zeros = new Map<string, number>();

  protected rankOf({ id, stats }: BalancingMember): number {
    return stats.total - (this.zeros.get(id) ?? 0);
  }

  protected override joining({ id, stats }: BalancingMember): void {
    const level = this.order.first?.rank ?? 0;
    this.zeros.set(id, stats.total - level);
  }

  protected override left({ id }: BalancingMember): void {
    this.zeros.delete(id);
  }
}
