import { IsISO8601, IsOptional } from 'class-validator';
import { CursorQueryDto } from '../../common/cursor.js';

export class ListCreditHistoryDto extends CursorQueryDto {
  /** Earliest time, inclusive, ISO 8601; a date alone is its midnight UTC. */
  @IsOptional()
  @IsISO8601({ strict: true })
  from?: string;

  /** Latest time, exclusive, ISO 8601. */
  @IsOptional()
  @IsISO8601({ strict: true })
  to?: string;
}
