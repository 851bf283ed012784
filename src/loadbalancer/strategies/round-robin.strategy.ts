import { RankedStrategy } from './ranked.strategy.js';

/**
 * Each member in turn, in the order they joined: all rank alike, so the one whose last turn is longest ago is next,
 * and a newcomer stands at the end. Between two turns of one member every other that stayed has had exactly one,
 * whoever came or went meanwhile.
 */
export class RoundRobinStrategy extends RankedStrategy {
  readonly name = 'round_robin';

  protected rankOf(): number {
    return 0;
  }
}
