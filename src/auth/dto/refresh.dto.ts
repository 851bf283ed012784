import { IsString } from 'class-validator';

export class RefreshDto {
  /** From the login or the latest refresh; it works once. */
  @IsString()
  refresh_token: string;
}
