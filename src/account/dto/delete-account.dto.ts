import { IsString } from 'class-validator';

export class DeleteAccountDto {
  /** The password once more. */
  @IsString()
  current_password: string;
}
