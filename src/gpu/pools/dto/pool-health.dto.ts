import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

export class PoolHealthDto {
  /** Path that answers 2xx when the service is ready. */
  @Matches(/^\/[\x21-\x7e]{0,511}$/, { message: 'path must begin with / and hold no spaces' })
  path: string;

  /** Container port; default the pool's. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  port?: number;
}
