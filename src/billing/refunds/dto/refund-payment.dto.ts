import { IsBoolean, IsDefined, IsOptional, IsString, Length, ValidateIf } from 'class-validator';

export class RefundPaymentDto {
  /** USD, at most 2 decimals; default: all that is left of the payment. */
  @ValidateIf((body: RefundPaymentDto) => body.amount !== undefined)
  @IsDefined()
  amount?: number | string;

  /** Why; kept with the refund. */
  @IsString()
  @Length(1, 500)
  reason: string;

  /** Take the credits back though they are spent; the account is frozen until the debt is paid. */
  @IsOptional()
  @IsBoolean()
  force?: boolean;
}
