import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { numberFromText } from '../../../common/query-values.js';

export class ReadLogsDto {
  /** Lines from the end; default 200. */
  @IsOptional()
  @Transform(numberFromText)
  @IsInt()
  @Min(1)
  @Max(5000)
  tail?: number;
}
