import type { BalancingMember } from './balancing-strategy.js';
import { RankedStrategy } from './ranked.strategy.js';

/** The member with the fewest open connections for its weight. */
export class LeastConnectionsStrategy extends RankedStrategy {
  readonly name = 'least_connections';

  protected rankOf({ stats, weight }: BalancingMember): number {
    return stats.active / weight;
  }
}
