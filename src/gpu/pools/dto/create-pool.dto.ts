import { Matches } from 'class-validator';
import { UpdatePoolDto } from './update-pool.dto.js';

export const POOL_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/;
export const POOL_NAME_RULE =
  'a pool name is 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or digit';

export class CreatePoolDto extends UpdatePoolDto {
  /** Unique among your pools. */
  @Matches(POOL_NAME, { message: POOL_NAME_RULE })
  name: string;
}
