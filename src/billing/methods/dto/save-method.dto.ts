import { Transform, type TransformFnParams } from 'class-transformer';
import { IsIn, IsOptional, IsUrl, MaxLength } from 'class-validator';
import { PAYMENT_PROVIDER_NAMES, type PaymentProviderName } from '../../payments/payment.entity.js';

/** The card itself is named in X-Preferred-Payment (a token), or entered with the client secret of the answer. */
export class SaveMethodDto {
  /** Who keeps it; default: stripe. */
  @IsOptional()
  @Transform(({ value }: TransformFnParams): unknown =>
    typeof value === 'string' ? value.toLowerCase() : (value as unknown),
  )
  @IsIn(PAYMENT_PROVIDER_NAMES)
  provider?: PaymentProviderName;

  /** Where a check of the card's bank sends its owner afterwards. */
  @IsOptional()
  @IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true })
  @MaxLength(2048)
  return_url?: string;
}
