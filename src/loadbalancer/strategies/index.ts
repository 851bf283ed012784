import type { BalancingStrategyClass } from './balancing-strategy.js';
import { EqualWeightedStrategy } from './equal-weighted.strategy.js';
import { LeastConnectionsStrategy } from './least-connections.strategy.js';
import { LeastResponseTimeStrategy } from './least-response-time.strategy.js';
import { RoundRobinStrategy } from './round-robin.strategy.js';
import { WeightedRoundRobinStrategy } from './weighted-round-robin.strategy.js';

/** The family, by wire name. Validation, OpenAPI and the shared contract suite read this list. */
export const STRATEGIES = {
  round_robin: RoundRobinStrategy,
  equal_weighted: EqualWeightedStrategy,
  weighted_round_robin: WeightedRoundRobinStrategy,
  least_connections: LeastConnectionsStrategy,
  least_response_time: LeastResponseTimeStrategy,
} as const satisfies Readonly<Record<string, BalancingStrategyClass>>;

export type StrategyName = keyof typeof STRATEGIES;

export const STRATEGY_NAMES = Object.keys(STRATEGIES) as readonly StrategyName[];

export function isStrategyName(text: string): text is StrategyName {
  return Object.hasOwn(STRATEGIES, text);
}
