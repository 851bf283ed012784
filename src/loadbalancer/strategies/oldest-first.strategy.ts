import type { BalancingMember } from './balancing-strategy.js';
import { RankedStrategy } from './ranked.strategy.js';

/**
 * No balancing: the oldest member takes everything, the others what it cannot. Every pool's order when LB_ENABLED is
 * false; not in the list of strategies, because nobody chooses it by name.
 */
export class OldestFirstStrategy extends RankedStrategy {
  readonly name = 'oldest_first';

  protected rankOf({ serial }: BalancingMember): number {
    return serial;
  }
}
