import type { BalancingMember } from './balancing-strategy.js';
import { RankedStrategy } from './ranked.strategy.js';

/**
 * The member with the fewest open connections for its weight. What waits in an engine's queue is counted too, where the
 * engine tells: other processes, or people beside us, may have filled it. Of our own requests those that wait count
 * twice, which is meant: a place in a queue costs more than one in a batch.
 */
export class LeastConnectionsStrategy extends RankedStrategy {
  readonly name = 'least_connections';

  protected rankOf({ stats, weight }: BalancingMember): number {
    return (stats.active + stats.waiting) / weight;
  }
}
