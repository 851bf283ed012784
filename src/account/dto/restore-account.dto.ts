import { IsString, MaxLength } from 'class-validator';

export class RestoreAccountDto {
  /** Address of the deleted account. */
  @IsString()
  @MaxLength(254)
  email: string;

  /** Its password. */
  @IsString()
  password: string;
}
