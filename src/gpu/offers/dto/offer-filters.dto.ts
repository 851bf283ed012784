import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { numberFromText } from '../../../common/query-values.js';

/** What a machine must have. All bounds are inclusive. */
export class OfferFiltersDto {
  /** Nominal GB per GPU. */
  @IsOptional()
  @Transform(numberFromText)
  @IsNumber()
  @Min(0)
  min_vram?: number;

  /** Dollars per hour, the operator's markup included. */
  @IsOptional()
  @Transform(numberFromText)
  @IsNumber()
  @Min(0)
  max_price?: number;

  /** Part of the GPU's name; case, spaces, `_` and `-` do not count. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  gpu_model?: string;

  /** ISO 3166 alpha-2 code, or part of the place's name. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  location?: string;

  @IsOptional()
  @Transform(numberFromText)
  @IsInt()
  @Min(1)
  min_gpus?: number;

  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  verified?: boolean;

  /** 0..1, as the farm reports it. */
  @IsOptional()
  @Transform(numberFromText)
  @IsNumber()
  @Min(0)
  @Max(1)
  min_reliability?: number;
}
