import { Type } from 'class-transformer';
import { IsBoolean, IsOptional, ValidateNested } from 'class-validator';
import { ChangeQuotasDto } from './change-quotas.dto.js';

/** What changes; absent fields stay. */
export class ChangeUserDto {
  /** Most overage allowed, in credits; 0 = prepaid. A number or a text, at most 6 decimals. */
  @IsOptional()
  credits_cap?: number | string;

  /** false shuts the account out, keys and logins alike. */
  @IsOptional()
  @IsBoolean()
  is_active?: boolean;

  @IsOptional()
  @ValidateNested()
  @Type(() => ChangeQuotasDto)
  quotas?: ChangeQuotasDto;
}
