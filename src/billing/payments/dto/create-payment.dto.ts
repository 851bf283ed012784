import { Transform, type TransformFnParams } from 'class-transformer';
import {
  IsBoolean,
  IsDefined,
  IsIn,
  IsOptional,
  IsString,
  IsUrl,
  Length,
  Matches,
  MaxLength,
} from 'class-validator';
import { PAYMENT_PROVIDER_NAMES, type PaymentProviderName } from '../payment.entity.js';

const lowerCase = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' ? value.trim().toLowerCase() : (value as unknown);
const upperCase = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' ? value.trim().toUpperCase() : (value as unknown);

/** There is no field for a card: a saved method, a token or a hosted page is named in X-Preferred-Payment. */
export class CreatePaymentDto {
  /** USD, at most 2 decimals, as a number or a text: 50, 50.00, "19.99". It is read as it is written. */
  @IsDefined()
  amount: number | string;

  /** USD. */
  @Transform(upperCase)
  @IsString()
  @Length(3, 3)
  currency: string;

  /** Who is paid; default: the header X-Billing. */
  @IsOptional()
  @Transform(lowerCase)
  @IsIn(PAYMENT_PROVIDER_NAMES)
  provider?: PaymentProviderName;

  /** Symbol of the crypto asset; default: the network's first stablecoin. */
  @IsOptional()
  @IsString()
  @Matches(/^[\w.-]{1,16}$/, { message: 'asset must be a symbol such as USDC' })
  asset?: string;

  /** Where a hosted page sends the payer afterwards. */
  @IsOptional()
  @IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true })
  @MaxLength(2048)
  return_url?: string;

  /** Keep the card for later payments and for automatic renewal. */
  @IsOptional()
  @IsBoolean()
  save?: boolean;
}
