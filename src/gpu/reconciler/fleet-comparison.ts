import type { ProviderContract } from '../../providers/gpu-provider.js';
import type { Rental } from '../rentals/rental.entity.js';
import { isLive } from '../rentals/rental-state.js';

/** What one look at a farm's list demands for one rental or one contract. */
export type FleetAction =
  /** Both sides know it: the rental follows the farm. */
  | { kind: 'observe'; rental: Rental; contract: ProviderContract }
  /** The farm made a contract whose answer we never saw. */
  | { kind: 'adopt'; rental: Rental; contract: ProviderContract }
  /** It has ended for us, not yet for the farm. */
  | { kind: 'destroy'; rental: Rental; contract: ProviderContract }
  /** We have a contract that the farm does not list; to be confirmed before it is believed. */
  | { kind: 'missing'; rental: Rental }
  /** Nothing of it is left anywhere. */
  | { kind: 'forget'; rental: Rental }
  /** The process that was renting it died before the farm answered. */
  | { kind: 'interrupted'; rental: Rental }
  /** It carries our mark, and no rental of ours stands behind it. */
  | { kind: 'orphan'; contract: ProviderContract };

export interface ComparisonTimes {
  now: number;
  /** Contracts younger than this may not show in the list yet. */
  visibilityMs: number;
  /** How long a rent that was begun can still be under way in some process. */
  rentWindowMs: number;
  /** How long a lost rent is looked for after its rental has failed. */
  lostRentMs: number;
}

/** Compares our open rentals with the farm's complete list. Pure; a failed list must never get here. */
export function compareFleet(
  rentals: readonly Rental[],
  contracts: readonly ProviderContract[],
  times: ComparisonTimes,
): FleetAction[] {
  const find = finderOf(contracts);
  const actions: FleetAction[] = [];
  const claimed = new Set<ProviderContract>();
  for (const rental of rentals) {
    const contract = find(rental);
    if (contract) claimed.add(contract);
    const action = contract ? withContract(rental, contract, times) : withoutContract(rental, times);
    if (action) actions.push(action);
  }
  const orphans = contracts.filter((contract) => !claimed.has(contract) && contract.state !== 'gone');
  return [...actions, ...orphans.map((contract) => ({ kind: 'orphan', contract }) as const)];
}

/**
 * By the id that we know, else by our label. An id alone is not enough: a machine of one's own is always called the
 * same, and by now somebody else may have rented it.
 */
function finderOf(contracts: readonly ProviderContract[]): (rental: Rental) => ProviderContract | undefined {
  const byId = new Map(contracts.map((contract) => [contract.contractId, contract]));
  const byLabel = new Map(contracts.map((contract) => [contract.label, contract]));
  return ({ contractId, label }) => {
    const known = byId.get(contractId ?? '');
    return known && (known.label === null || known.label === label) ? known : byLabel.get(label);
  };
}

function withContract(
  rental: Rental,
  contract: ProviderContract,
  times: ComparisonTimes,
): FleetAction | undefined {
  if (!isLive(rental.state)) {
    return contract.state === 'gone' ? { kind: 'forget', rental } : { kind: 'destroy', rental, contract };
  }
  if (rental.contractId !== null) return { kind: 'observe', rental, contract };
  const isStillRenting = times.now - rental.createdAt < times.visibilityMs;
  return isStillRenting ? undefined : { kind: 'adopt', rental, contract };
}

function withoutContract(rental: Rental, times: ComparisonTimes): FleetAction | undefined {
  const { now } = times;
  if (rental.contractId !== null) {
    const isYoung = now - (rental.contractAt ?? 0) < times.visibilityMs;
    return isYoung && isLive(rental.state) ? undefined : { kind: 'missing', rental };
  }
  if (isLive(rental.state)) {
    return now - rental.createdAt > times.rentWindowMs ? { kind: 'interrupted', rental } : undefined;
  }
  return now - (rental.endedAt ?? rental.createdAt) > times.lostRentMs
    ? { kind: 'forget', rental }
    : undefined;
}
