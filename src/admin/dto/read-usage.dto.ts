import { Transform, type TransformFnParams } from 'class-transformer';
import { ArrayUnique, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { ListCreditHistoryDto } from '../../credits/dto/list-credit-history.dto.js';
import { USAGE_GROUPS, type UsageGroup } from '../../credits/economics/economics.js';

const fromCommaList = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' ? value.split(',') : (value as unknown);

/** `from` and `to` default to the last 30 days; at most 366 days. */
export class ReadUsageDto extends ListCreditHistoryDto {
  /** What to add up by: any of user, pool and day, comma list; default all three. */
  @IsOptional()
  @Transform(fromCommaList)
  @ArrayUnique()
  @IsIn(USAGE_GROUPS, { each: true })
  by?: UsageGroup[];

  /** Only this user. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  user_id?: string;
}
