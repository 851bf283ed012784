import { derivedId } from '../../common/id.js';
import type { ProviderName } from '../../providers/gpu-provider.js';

/** A farm's half of a batch opens fewer, tries that fail included. */
const MOST_RENTALS = 64;

/** The ids of the rentals that a batch opens at one farm, in their order: known before there is any. */
export function batchRentalIds(batchId: string, provider: ProviderName): string[] {
  return Array.from({ length: MOST_RENTALS }, (_, index) => derivedId(batchId, provider, index));
}
