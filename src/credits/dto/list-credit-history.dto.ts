import { IsISO8601, IsOptional, Matches } from 'class-validator';
import { CursorQueryDto } from '../../common/cursor.js';

/** A date, or a date and time with its offset: ISO 8601 has more forms, which Date reads differently or not at all. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;
const message = '$property must be a date (2026-11-23) or a time with its offset (2026-11-23T10:00:00Z)';

export class ListCreditHistoryDto extends CursorQueryDto {
  /** Earliest time, inclusive, ISO 8601; a date alone is its midnight UTC. */
  @IsOptional()
  @IsISO8601({ strict: true })
  @Matches(INSTANT, { message })
  from?: string;

  /** Latest time, exclusive, ISO 8601. */
  @IsOptional()
  @IsISO8601({ strict: true })
  @Matches(INSTANT, { message })
  to?: string;
}
