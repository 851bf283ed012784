import { describe, expect, it } from 'vitest';
import type { OfferFilters, ProviderOffer } from './gpu-provider.js';
import { filterKey, matchesFilters } from './offer-filters.js';

const OFFER: ProviderOffer = {
  provider: 'vast.ai',
  offerId: '1',
  capacity: 1,
  gpuName: 'RTX 4090',
  gpuCount: 2,
  vramGb: 24,
  cpuCores: 8,
  ramGb: 32,
  storageGb: 100,
  pricePerHour: 0.5,
  location: 'Texas, US',
  countryCode: 'US',
  verified: true,
  reliability: 0.98,
  specifications: {},
};

describe('matchesFilters', () => {
  it.each<[OfferFilters, boolean]>([
    [{}, true],
    [{ minVramGb: 24 }, true],
    [{ minVramGb: 24.5 }, false],
    [{ maxPricePerHour: 0.5 }, true],
    [{ maxPricePerHour: 0.49 }, false],
    [{ gpuModel: 'rtx_4090' }, true],
    [{ gpuModel: 'RTX-40' }, true],
    [{ gpuModel: '3090' }, false],
    [{ location: 'us' }, true],
    [{ location: 'texas' }, true],
    [{ location: 'xa' }, false],
    [{ location: 'te' }, false],
    [{ minGpus: 2 }, true],
    [{ minGpus: 3 }, false],
    [{ verified: true }, true],
    [{ verified: false }, false],
    [{ minReliability: 0.98 }, true],
    [{ minReliability: 0.99 }, false],
    [{ diskGb: 100 }, true],
    [{ diskGb: 101 }, false],
  ])('%j: %s', (filters, isMatch) => {
    expect(matchesFilters(OFFER, filters)).toBe(isMatch);
  });

  it('does not keep a bound on what the farm does not tell', () => {
    const silent = { ...OFFER, verified: null, reliability: null, location: null, countryCode: null };
    expect(matchesFilters(silent, { verified: false })).toBe(false);
    expect(matchesFilters(silent, { minReliability: 0 })).toBe(false);
    expect(matchesFilters(silent, { location: 'US' })).toBe(false);
    expect(matchesFilters({ ...silent, storageGb: null }, { diskGb: 500 })).toBe(true);
  });

  it('takes UK for the code that the farms use', () => {
    expect(matchesFilters({ ...OFFER, countryCode: 'GB' }, { location: 'uk' })).toBe(true);
  });
});

describe('filterKey', () => {
  it('is the same for the same filters, however they are spelled and ordered', () => {
    const one = filterKey({
      gpuModel: 'RTX 4090',
      location: ' us',
      diskGb: 8,
      minGpus: 1,
      verified: undefined,
    });
    expect(filterKey({ minGpus: 1, location: 'US', diskGb: 8, gpuModel: 'rtx_4090' })).toBe(one);
    expect(filterKey({ minGpus: 2, location: 'US', diskGb: 8, gpuModel: 'rtx_4090' })).not.toBe(one);
  });
});
