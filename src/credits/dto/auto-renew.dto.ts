import {
  IsBoolean,
  IsDefined,
  IsIn,
  IsOptional,
  IsString,
  MaxLength,
  MinLength,
  ValidateIf,
} from 'class-validator';
import { RENEW_TRIGGERS, type RenewTrigger } from '../auto-renew/auto-renew-rule.entity.js';

const isEnabled = ({ enabled }: AutoRenewDto): boolean => enabled;

/** Amounts are USD with at most 2 decimals, as a number or a text. To switch it off, `enabled` alone is enough. */
export class AutoRenewDto {
  @IsBoolean()
  enabled: boolean;

  /** threshold: when less than `threshold` is available; interval: once a calendar month (UTC). */
  @ValidateIf(isEnabled)
  @IsIn(RENEW_TRIGGERS)
  trigger?: RenewTrigger;

  /** Needed with the trigger of that name. */
  @ValidateIf((dto: AutoRenewDto) => isEnabled(dto) && dto.trigger === 'threshold')
  @IsDefined()
  threshold?: number | string;

  /** Bought each time. */
  @ValidateIf(isEnabled)
  @IsDefined()
  amount?: number | string;

  /** Most that is bought in a calendar month (UTC). */
  @ValidateIf(isEnabled)
  @IsDefined()
  monthly_limit?: number | string;

  /** A saved method; default: the default one. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  payment_method?: string;
}
