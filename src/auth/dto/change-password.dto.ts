import { IsString } from 'class-validator';

export class ChangePasswordDto {
  @IsString()
  current_password: string;

  /** Same rules as at sign-up. */
  @IsString()
  new_password: string;
}
