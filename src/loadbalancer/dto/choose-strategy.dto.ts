import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { STRATEGY_NAMES, type StrategyName } from '../strategies/index.js';

export class ChooseStrategyDto {
  /** How pools without a strategy of their own spread requests. */
  @ApiProperty({ enum: STRATEGY_NAMES, example: 'least_connections' })
  @IsIn(STRATEGY_NAMES, { message: `strategy must be one of ${STRATEGY_NAMES.join(', ')}` })
  strategy: StrategyName;
}
