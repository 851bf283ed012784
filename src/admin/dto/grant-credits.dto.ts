import { IsDefined, IsEmail, IsOptional, IsString, Length, MaxLength } from 'class-validator';

/** Who gets them is named by `user_id` or by `email`, not by both. */
export class GrantCreditsDto {
  @IsOptional()
  @IsString()
  @MaxLength(64)
  user_id?: string;

  @IsOptional()
  @IsEmail()
  email?: string;

  /** More than zero; a number or a text, at most 6 decimals. */
  @IsDefined()
  credits: number | string;

  /** Stands in the user's statement. */
  @IsString()
  @Length(1, 500)
  reason: string;
}
