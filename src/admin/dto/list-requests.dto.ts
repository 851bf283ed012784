import { IsOptional, IsString, MaxLength } from 'class-validator';
import { ListCreditHistoryDto } from '../../credits/dto/list-credit-history.dto.js';

/** `from` and `to` default to the last 30 days; at most 366 days. */
export class ListRequestsDto extends ListCreditHistoryDto {
  /** Only this user's. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  user_id?: string;

  /** Only those through pools of this name. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  pool?: string;
}
