import { IsOptional, IsString } from 'class-validator';

export class LogoutDto {
  /** Ends the login it belongs to, also when the access token has expired. */
  @IsOptional()
  @IsString()
  refresh_token?: string;
}
