import { IsEmail, IsOptional } from 'class-validator';
import { CursorQueryDto } from '../../common/cursor.js';

export class ListUsersDto extends CursorQueryDto {
  /** Only the account with this address. */
  @IsOptional()
  @IsEmail()
  email?: string;
}
