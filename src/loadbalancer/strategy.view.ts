import { ApiProperty } from '@nestjs/swagger';
import { STRATEGY_NAMES, type StrategyName } from './strategies/index.js';

export class StrategyView {
  /** What pools without a strategy of their own use. */
  @ApiProperty({ enum: STRATEGY_NAMES })
  strategy: StrategyName;

  /** What a change has done. */
  message?: string;

  static from(strategy: StrategyName): StrategyView {
    return { strategy };
  }

  static chosen(strategy: StrategyName): StrategyView {
    return { strategy, message: `Load balancing strategy set to ${strategy}` };
  }
}
