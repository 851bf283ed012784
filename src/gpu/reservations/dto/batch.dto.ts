import { Transform, Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { numberFromText } from '../../../common/query-values.js';
import { OfferFiltersDto } from '../../offers/dto/offer-filters.dto.js';
import { RentalConfigDto } from '../../rentals/dto/rental-config.dto.js';

export class BatchDto {
  /** Instances of vast.ai, 0 to 8. */
  @IsOptional()
  @Transform(numberFromText)
  @IsInt()
  @Min(0)
  @Max(8)
  vastai_count?: number;

  /** Instances of io.net, 0 to 8. */
  @IsOptional()
  @Transform(numberFromText)
  @IsInt()
  @Min(0)
  @Max(8)
  ionet_count?: number;

  /** What runs on each. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RentalConfigDto)
  config?: RentalConfigDto;

  /** What each machine must have. */
  @IsOptional()
  @ValidateNested()
  @Type(() => OfferFiltersDto)
  filters?: OfferFiltersDto;
}
