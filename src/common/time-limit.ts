import { DomainError } from './domain-error.js';
import { parseDurationMs } from './duration.js';

/** The header `X-Timelimit`: `30`, `30s`, `5m`, `1h`; absent = no limit. A bad or zero value is a 400. */
export function parseTimeLimitHeader(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined;
  const limitMs = typeof value === 'string' ? readLimitMs(value) : 0;
  if (limitMs <= 0) {
    throw new DomainError(
      'invalid_time_limit',
      400,
      'X-Timelimit must be a duration such as 30, 30s, 5m or 1h.',
    );
  }
  return limitMs;
}

function readLimitMs(value: string): number {
  try {
    return parseDurationMs(value);
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}
