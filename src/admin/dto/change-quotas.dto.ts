import { IsIn, IsInt, IsISO8601, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { RESET_INTERVALS, type ResetInterval } from '../../credits/quotas/credit-quota.entity.js';

const MOST_REQUESTS = 1_000_000_000_000;
const MOST_HOURS = 100_000_000;

/** null lifts a limit, an absent field leaves it. */
export class ChangeQuotasDto {
  /** GPU hours: hours of rental times GPUs. */
  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  @Max(MOST_HOURS)
  max_gpu_hours?: number | null;

  /** Proxied requests. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MOST_REQUESTS)
  max_requests?: number | null;

  /** When the counters begin anew: at midnight, on Monday or on the first, UTC; null = never. */
  @IsOptional()
  @IsIn(RESET_INTERVALS)
  reset_interval?: ResetInterval | null;

  /** The next time they do; default: the interval's next boundary. */
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  reset_at?: string | null;
}
