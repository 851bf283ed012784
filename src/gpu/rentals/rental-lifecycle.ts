import type { ProviderContract } from '../../providers/gpu-provider.js';
import type { Rental } from './rental.entity.js';
import { isLive, type RentalState } from './rental-state.js';

export interface LifecycleLimits {
  bootTimeoutMs: number;
  serviceBootTimeoutMs: number;
}

/** A change of state that the farm's word or the clock demands. */
export interface Transition {
  state: RentalState;
  reason?: string;
  /** Epoch ms at which it came into force, for charging. */
  at: number;
  origins?: Record<string, string>;
}

/** Sightings in a row of a host that is away before its rental counts as lost; the first one already fences it. */
export const OFFLINE_SIGHTINGS = 3;

/**
 * What a rental becomes when its farm shows `contract`: pure, so that every path is a row in a table of tests.
 * `offlineSightings` counts listings in a row, this one included, that showed the host away.
 */
export function transitionFor(
  rental: Rental,
  contract: ProviderContract,
  now: number,
  context: { limits: LifecycleLimits; offlineSightings: number },
): Transition | undefined {
  if (!isLive(rental.state)) return undefined;
  const wasRunning = rental.state === 'running';
  switch (contract.state) {
    case 'gone':
      return ended(rental, contract, now, 'contract_gone');
    case 'stopped':
      return ended(rental, contract, now, 'stopped_by_farm');
    case 'failed':
      return ended(rental, contract, now, 'container_failed');
    case 'offline':
      return context.offlineSightings >= OFFLINE_SIGHTINGS
        ? ended(rental, contract, now, 'host_offline')
        : bootDeadline(rental, now, context.limits);
    case 'pending':
      return wasRunning ? undefined : bootDeadline(rental, now, context.limits);
    case 'running':
      return wasRunning
        ? changedOrigins(rental, contract, now)
        : comingUp(rental, contract, now, context.limits);
  }
}

/** The end of the term is nobody's failure; before `running` it never came up; after it the farm took it away. */
function ended(rental: Rental, contract: ProviderContract, now: number, fallback: string): Transition {
  const reason = contract.reason ?? fallback;
  if (reason === 'contract_end') return { state: 'expired', reason, at: now };
  return { state: rental.state === 'running' ? 'lost' : 'failed', reason, at: now };
}

function comingUp(
  rental: Rental,
  contract: ProviderContract,
  now: number,
  limits: LifecycleLimits,
): Transition | undefined {
  const origins = Object.fromEntries(contract.origins);
  const isMapped = !rental.hasService || contract.origins.size > 0;
  if (isMapped) return { state: 'running', at: now, origins };
  const late = bootDeadline(rental, now, limits);
  if (late || rental.state === 'starting') return late;
  return { state: 'starting', at: now };
}

function bootDeadline(rental: Rental, now: number, limits: LifecycleLimits): Transition | undefined {
  if (rental.state === 'running' || rental.contractAt === null) return undefined;
  if (now - rental.contractAt < limits.bootTimeoutMs) return undefined;
  return { state: 'failed', reason: 'boot_timeout', at: now };
}

/** A farm may map ports anew after a reboot of the container. */
function changedOrigins(rental: Rental, contract: ProviderContract, now: number): Transition | undefined {
  const origins = Object.fromEntries(contract.origins);
  const isSame = JSON.stringify(sorted(origins)) === JSON.stringify(sorted(rental.origins));
  return isSame || contract.origins.size === 0 ? undefined : { state: 'running', at: now, origins };
}

const sorted = (origins: Record<string, string>): [string, string][] =>
  Object.entries(origins).sort(([a], [b]) => Number(a) - Number(b));

/** Ends that the clock brings, whatever the farm says. */
export function dueEnd(rental: Rental, now: number, limits: LifecycleLimits): Transition | undefined {
  if (rental.state !== 'running' || rental.runningAt === null) return undefined;
  const { runningAt, timeLimitMs, durationHours } = rental;
  if (timeLimitMs !== null && now >= runningAt + timeLimitMs) {
    return { state: 'expired', reason: 'time_limit', at: runningAt + timeLimitMs };
  }
  if (durationHours !== null && now >= runningAt + durationHours * 3_600_000) {
    return { state: 'expired', reason: 'contract_end', at: runningAt + durationHours * 3_600_000 };
  }
  const isServiceLate = rental.healthPath !== null && rental.servedAt === null;
  if (isServiceLate && now - runningAt >= limits.serviceBootTimeoutMs) {
    return { state: 'failed', reason: 'service_timeout', at: now };
  }
  return undefined;
}
