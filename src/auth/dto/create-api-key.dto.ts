import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsIn,
  IsInt,
  IsOptional,
  IsRFC3339,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { KEY_SCOPES, type KeyScope } from '../api-keys/key-scopes.js';
import { IsAddressOrRange } from './address-or-range.js';
import { IsCredits } from './credits.js';
import { trimmed } from './trimmed.js';

const MOST_ENTRIES = 100;
/** Printable, without spaces: names of models and pools, ids and hosts. */
const NAME = /^[\x21-\x7e]{1,253}$/;

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

  /** Addresses and CIDR ranges that the key may be used from; absent: anywhere. */
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_ENTRIES)
  @IsAddressOrRange({ each: true })
  allowed_ips?: string[];

  /**
   * Models that the key may ask, by name or by a beginning and `*`; absent: all. Such a key reaches models where their name
   * is known (/v1, /v2 and `openinference`) and nothing else of the data plane.
   */
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_ENTRIES)
  @Matches(NAME, { each: true })
  allowed_models?: string[];

  /** Pools, instances and rentals (by name or id) and hosts (`api.example.com`, `*.example.com:8443`) that requests may go to. */
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_ENTRIES)
  @Matches(NAME, { each: true })
  allowed_targets?: string[];

  /** Credits that requests with the key may cost altogether, its successors by rotation included. Such a key rents nothing. */
  @IsOptional()
  @IsCredits()
  spend_limit_credits?: number;

  /** Requests a minute, control plane and data plane together; beside the limits of the account. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  requests_per_minute?: number;
}
