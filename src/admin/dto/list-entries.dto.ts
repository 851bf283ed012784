import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { CursorQueryDto } from '../../common/cursor.js';

export class ListEntriesDto extends CursorQueryDto {
  /** Only this user's account. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  user_id?: string;

  /** Only this account: `revenue:gpu`, `cogs:vast.ai`, `user:{id}`… */
  @IsOptional()
  @Matches(/^[\w:.-]{1,80}$/, { message: 'account must be the name of an account, such as revenue:gpu' })
  account?: string;
}
