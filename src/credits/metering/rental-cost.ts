import { billableSeconds, costOfSeconds } from '../pricing.js';
import type { RentalMeter } from './rental-meter.entity.js';

type Priced = Pick<RentalMeter, 'pricePerHourMicro' | 'minimumSeconds' | 'runningAt'>;

/** Cost of the time from the start to `throughMs`; nothing before the start. */
export function costThrough(meter: Priced, throughMs: number): number {
  if (meter.runningAt === null) return 0;
  return costOfSeconds(billableSeconds(meter.runningAt, throughMs), meter.pricePerHourMicro);
}

/**
 * Cost of the whole rental: never less than the minimum once it ran; nothing when it ended before it ran.
 */
export function costAtEnd(meter: Priced, endedAtMs: number): number {
  if (meter.runningAt === null || endedAtMs < meter.runningAt) return 0;
  return Math.max(costThrough(meter, endedAtMs), minimumCost(meter));
}

export function minimumCost(meter: Priced): number {
  return costOfSeconds(meter.minimumSeconds, meter.pricePerHourMicro);
}

/** What has to stay held after everything up to `throughMs` is charged: the runway, or the rest of the minimum. */
export function reserveAfter(meter: Priced, throughMs: number, runwayMs: number): number {
  const restOfMinimum = minimumCost(meter) - costThrough(meter, throughMs);
  return Math.max(restOfMinimum, costOfMs(meter.pricePerHourMicro, runwayMs));
}

/** Held before the rental starts. */
export function reserveAtStart(pricePerHourMicro: number, minimumSeconds: number, runwayMs: number): number {
  return costOfSeconds(Math.max(minimumSeconds, Math.ceil(runwayMs / 1000)), pricePerHourMicro);
}

export function costOfMs(pricePerHourMicro: number, ms: number): number {
  return costOfSeconds(Math.ceil(ms / 1000), pricePerHourMicro);
}
