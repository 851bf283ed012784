import type { OfferFilters } from '../../providers/gpu-provider.js';

/** The filters of the wire, shared by the list of offers, reservations and batches. Prices are ours, in $/h. */
export interface FilterInput {
  min_vram?: number;
  max_price?: number;
  gpu_model?: string;
  location?: string;
  min_gpus?: number;
  verified?: boolean;
  min_reliability?: number;
}

export function toOfferFilters(
  input: FilterInput,
  providerLimit: (ourPrice: number) => number,
  needs: { diskGb?: number; minPorts?: number } = {},
): OfferFilters {
  return {
    minVramGb: input.min_vram,
    maxPricePerHour: input.max_price === undefined ? undefined : providerLimit(input.max_price),
    gpuModel: input.gpu_model,
    location: input.location,
    minGpus: input.min_gpus,
    verified: input.verified,
    minReliability: input.min_reliability,
    ...needs,
  };
}
