import { afterEach } from 'vitest';
import { isDomainError } from '../../src/common/domain-error.js';
import type {
  GpuProvider,
  OfferFilters,
  ProviderContract,
  ProviderOffer,
  RentRequest,
} from '../../src/providers/gpu-provider.js';
import type { FarmUnderTest } from './gpu-farms.js';

let labels = 0;
export const newLabel = (): string => `gpx-test-${(labels += 1)}`;

export function orderFor(offer: ProviderOffer, more: Partial<RentRequest> = {}): RentRequest {
  return {
    offerId: offer.offerId,
    label: newLabel(),
    image: 'vllm/vllm-openai:latest',
    diskGb: 16,
    env: { MODEL: 'tiny' },
    ports: [8000],
    durationHours: 1,
    ...more,
  };
}

export async function cheapest(provider: GpuProvider, filters: OfferFilters = {}): Promise<ProviderOffer> {
  const offers = await provider.searchOffers(filters, {});
  const [offer] = offers.toSorted((a, b) => a.pricePerHour - b.pricePerHour);
  if (!offer) throw new Error('nothing on offer');
  return offer;
}

export async function reach(
  provider: GpuProvider,
  contractId: string,
  isReached: (contract: ProviderContract | undefined) => boolean,
): Promise<ProviderContract | undefined> {
  for (let poll = 0; poll < 400; poll++) {
    const contract = await provider.showContract(contractId, {});
    if (isReached(contract)) return contract;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`contract ${contractId} does not get there`);
}

export const isUp = (contract?: ProviderContract): boolean =>
  contract?.state === 'running' && contract.origins.size > 0;
export const isGone = (contract?: ProviderContract): boolean => !contract || contract.state === 'gone';

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    if (isDomainError(error)) return error.code;
    throw error;
  }
}

const opened: FarmUnderTest[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((farm) => farm.close()));
});

export async function use<Farm extends FarmUnderTest>(farm: Promise<Farm>): Promise<Farm> {
  const ready = await farm;
  opened.push(ready);
  return ready;
}

export const idsOf = (offers: readonly ProviderOffer[]): string[] =>
  offers.map(({ offerId }) => offerId).toSorted();
