import type { StrategyName } from './strategies/index.js';

/** A user has chosen another default strategy; `userId` says who. Pools without a strategy of their own follow it. */
export const STRATEGY_CHANGED = 'loadbalancer.strategy_changed';

export interface StrategyChanged {
  strategy: StrategyName;
}
