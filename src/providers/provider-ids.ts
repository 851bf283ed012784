import type { ProviderName, ProviderOffer } from './gpu-provider.js';

/** What public ids of offers and instances start with. */
export const ID_PREFIXES = {
  'vast.ai': 'vast',
  'io.net': 'ionet',
  static: 'static',
} as const satisfies Record<ProviderName, string>;

/** `vast-27000230`, `ionet-12-1x-3`, `static-rack1`. */
export function publicOfferId({ provider, offerId }: Pick<ProviderOffer, 'provider' | 'offerId'>): string {
  return `${ID_PREFIXES[provider]}-${offerId}`;
}

/** `vast-31415926`, `ionet-<deployment id>`, `static-rack1`: fixed as soon as the contract exists. */
export function instanceIdOf(provider: ProviderName, contractId: string): string {
  return `${ID_PREFIXES[provider]}-${contractId}`;
}

/** The farm's own id of an offer or a contract, from what a caller wrote: with our prefix or without. */
export function withoutPrefix(id: string, provider: ProviderName): string {
  const prefix = `${ID_PREFIXES[provider]}-`;
  return id.toLowerCase().startsWith(prefix) ? id.slice(prefix.length) : id;
}
