import { IsNumber, IsOptional, Matches, Min } from 'class-validator';
import { POOL_NAME, POOL_NAME_RULE } from '../../pools/dto/create-pool.dto.js';
import { RentalConfigDto } from './rental-config.dto.js';

export class CreateRentalDto extends RentalConfigDto {
  /** Joins this pool of yours; made when it is new. */
  @IsOptional()
  @Matches(POOL_NAME, { message: POOL_NAME_RULE })
  pool?: string;

  /** Dollars per hour above which the offer is not taken. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  max_price?: number;
}
