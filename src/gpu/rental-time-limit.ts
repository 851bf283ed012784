import { DomainError } from '../common/domain-error.js';
import { parseTimeLimitHeader } from '../common/time-limit.js';

/** As long as a duration may be; prepaid farms are paid for a time limit in whole hours at once. */
const LONGEST_HOURS = 8760;

/**
 * How long what a request rents may live, from `X-Timelimit`; undefined = no limit.
 * @throws DomainError 400 `invalid_time_limit`
 */
export function rentalTimeLimitMs(headers: Readonly<Record<string, string | undefined>>): number | undefined {
  const limitMs = parseTimeLimitHeader(headers['x-timelimit']);
  if (limitMs !== undefined && limitMs > LONGEST_HOURS * 3_600_000) {
    throw new DomainError(
      'invalid_time_limit',
      400,
      `X-Timelimit is at most ${LONGEST_HOURS}h for a rental.`,
    );
  }
  return limitMs;
}
