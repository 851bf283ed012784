import type { OfferFilters, ProviderOffer } from './gpu-provider.js';

/** Whether an offer keeps every bound. A bound on something that the farm does not tell is not kept. */
export function matchesFilters(offer: ProviderOffer, filters: OfferFilters): boolean {
  return (
    offer.vramGb >= (filters.minVramGb ?? 0) &&
    offer.pricePerHour <= (filters.maxPricePerHour ?? Number.POSITIVE_INFINITY) &&
    offer.gpuCount >= (filters.minGpus ?? 0) &&
    (filters.gpuModel === undefined || isModel(offer.gpuName, filters.gpuModel)) &&
    (filters.location === undefined || isLocation(offer, filters.location)) &&
    (filters.verified === undefined || offer.verified === filters.verified) &&
    (filters.minReliability === undefined || (offer.reliability ?? -1) >= filters.minReliability) &&
    (filters.diskGb === undefined || (offer.storageGb ?? filters.diskGb) >= filters.diskGb)
  );
}

/** `rtx_4090` is in `RTX 4090`: case, space, `_` and `-` do not count. */
export function isModel(gpuName: string, wanted: string): boolean {
  return squash(gpuName).includes(squash(wanted));
}

export function squash(text: string): string {
  return text.toLowerCase().replace(/[\s_-]+/g, '');
}

const COUNTRY_CODE = /^[a-z]{2}$/i;

/** The ISO 3166 alpha-2 code that a caller means, or undefined for any other text. */
export function countryCodeOf(location: string): string | undefined {
  const code = location.trim().toUpperCase();
  if (!COUNTRY_CODE.test(code)) return undefined;
  return code === 'UK' ? 'GB' : code;
}

/** Two letters are a country code and nothing else, so that `de` does not find Delaware. */
function isLocation(offer: ProviderOffer, wanted: string): boolean {
  const code = countryCodeOf(wanted);
  if (code) return offer.countryCode === code;
  return (offer.location ?? '').toLowerCase().includes(wanted.trim().toLowerCase());
}

/** The same filters in one spelling, as a key for caches. */
export function filterKey(filters: OfferFilters): string {
  const { gpuModel, location, ...bounds } = filters;
  const spelled = {
    ...bounds,
    gpuModel: gpuModel === undefined ? undefined : squash(gpuModel),
    location: location?.trim().toLowerCase(),
  };
  return JSON.stringify(
    Object.entries(spelled)
      .filter(([, value]) => value !== undefined)
      .toSorted(),
  );
}
