import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { numberFromText } from '../../common/query-values.js';

export class PageQueryDto {
  /** Rows of one answer. */
  @IsOptional()
  @Transform(numberFromText)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 100;

  /** `next_cursor` of the answer before. */
  @IsOptional()
  @IsString()
  cursor?: string;
}
