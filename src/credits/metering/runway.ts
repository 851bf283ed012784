import type { AppConfig } from '../../config/config.js';

/** At least two ticks, whatever is configured: one that is under way and one to notice that it was the last. */
export function runwayMsOf({ billing }: Pick<AppConfig, 'billing'>): number {
  return Math.max(billing.runwayMs, 2 * billing.tickMs);
}
