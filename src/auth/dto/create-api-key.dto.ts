import { Transform } from 'class-transformer';
import { ArrayNotEmpty, ArrayUnique, IsIn, IsOptional, IsRFC3339, IsString, Length } from 'class-validator';
import { KEY_SCOPES, type KeyScope } from '../api-keys/key-scopes.js';
import { trimmed } from './trimmed.js';

export class CreateApiKeyDto {
  /** Tells the keys of an account apart. */
  @Transform(trimmed)
  @IsString()
  @Length(1, 100)
  name: string;

  /** Instant with zone (2027-01-31T00:00:00Z) from which on the key is refused; absent: never. */
  @IsOptional()
  @IsRFC3339()
  expires_at?: string;

  /** What the key may do; absent: everything except managing keys and administration. */
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(KEY_SCOPES, { each: true })
  scopes?: KeyScope[];
}
