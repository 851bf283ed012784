import { IsInt, IsOptional, Max, Min } from 'class-validator';

export class RotateApiKeyDto {
  /** Hours for which the old key goes on working. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(72)
  grace_hours?: number = 0;
}
