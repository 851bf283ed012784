import { Transform } from 'class-transformer';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';
import { trimmed } from './trimmed.js';

export class RegisterDto {
  /** Letters' case does not matter. */
  @Transform(trimmed)
  @IsEmail()
  @MaxLength(254)
  email: string;

  /** 15 to 128 characters of any kind (PASSWORD_MIN_LENGTH), not a frequent one, not made of email address or name. */
  @IsString()
  password: string;

  /** What the account is called. */
  @Transform(trimmed)
  @IsString()
  @Length(1, 100)
  name: string;
}
