import type { ProviderName, ProviderOffer } from '../../providers/gpu-provider.js';

/** Names a physical machine across farms; undefined where the farm gives every contract a machine of its own. */
export function machineKey(at: { provider: ProviderName; machineId?: string | null }): string | undefined {
  return at.machineId ? `${at.provider}/${at.machineId}` : undefined;
}

export const offerKey = ({ provider, offerId }: Pick<ProviderOffer, 'provider' | 'offerId'>): string =>
  `${provider}/${offerId}`;
