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

/**
 * Sightings in a row of a host that is away before its rental counts as lost: a minute at the usual pace. The first
 * one already fences it. Hosts lose their line for seconds every day, and a lost rental does not come back.
 */
export const OFFLINE_SIGHTINGS = 12;

/** Listings in a row, this one included, that showed the host away. */
export interface Absence {
  count: number;
  /** Epoch ms of the first. */
  since: number;
}

/**
 * What a rental becomes when its farm shows `contract`: pure, so that every path is a row in a table of tests.
 * `offline` is given while the host is away.
 */
export function transitionFor(
  rental: Rental,
  contract: ProviderContract,
  now: number,
  context: { limits: LifecycleLimits; offline?: Absence },
): Transition | undefined {
  if (!isLive(rental.state)) return undefined;
  const wasRunning = rental.state === 'running';
  const { limits, offline } = context;
  switch (contract.state) {
    case 'gone':
      return ended(rental, contract.reason ?? 'contract_gone', now);
    case 'stopped':
      return ended(rental, contract.reason ?? 'stopped_by_farm', now);
    case 'failed':
      return ended(rental, contract.reason ?? 'container_failed', now);
    case 'offline':
      return offline && offline.count >= OFFLINE_SIGHTINGS
        ? ended(rental, 'host_offline', offline.since)
        : bootDeadline(rental, now, limits);
    case 'pending':
      return wasRunning ? undefined : bootDeadline(rental, now, limits);
    case 'running':
      return wasRunning ? changedOrigins(rental, contract, now) : comingUp(rental, contract, now, limits);
  }
}

/** The farm neither lists nor shows it any more, or shows that it is over; missed since `missing.since`. */
export function vanished(
  rental: Rental,
  contract: ProviderContract | undefined,
  now: number,
  missing: Absence,
): Transition {
  const isTermOver = rental.endsAt !== null && now >= rental.endsAt;
  return ended(rental, contract?.reason ?? (isTermOver ? 'contract_end' : 'contract_gone'), missing.since);
}

/**
 * The end of the term is nobody's failure; before `running` it never came up; after it the farm took it away. Charged
 * until it was last seen, and never beyond the term.
 */
function ended(rental: Rental, reason: string, seenAt: number): Transition {
  if (reason === 'contract_end') {
    return { state: 'expired', reason, at: Math.min(seenAt, rental.endsAt ?? seenAt) };
  }
  return { state: rental.state === 'running' ? 'lost' : 'failed', reason, at: seenAt };
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
