import { Transform, Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { numberFromText } from '../../../common/query-values.js';
import { OfferFiltersDto } from '../../offers/dto/offer-filters.dto.js';
import { POOL_NAME, POOL_NAME_RULE } from '../../pools/dto/create-pool.dto.js';
import { RentalConfigDto } from '../../rentals/dto/rental-config.dto.js';

export const RESERVATION_MODES = ['atomic', 'best_effort'] as const;
export type ReservationMode = (typeof RESERVATION_MODES)[number];

export class ReserveFiltersDto extends OfferFiltersDto {
  /** One farm only. */
  @IsOptional()
  @IsString()
  provider?: string;
}

export class ReserveDto {
  /** Instances wanted, 1 to 16; each on a machine of its own. */
  @Transform(numberFromText)
  @IsInt()
  @Min(1)
  @Max(16)
  count: number;

  /** What each machine must have. */
  @IsOptional()
  @ValidateNested()
  @Type(() => ReserveFiltersDto)
  filters?: ReserveFiltersDto;

  /** What runs on each. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RentalConfigDto)
  config?: RentalConfigDto;

  /** `atomic` (default): all or none. `best_effort`: as many as there are. */
  @IsOptional()
  @IsIn(RESERVATION_MODES)
  mode?: ReservationMode;

  /** The pool they join; default `r-` and the first 8 characters of the reservation's id. */
  @IsOptional()
  @Matches(POOL_NAME, { message: POOL_NAME_RULE })
  pool?: string;

  /** Dollars per hour that all of them together may cost. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  max_total_price?: number;
}
