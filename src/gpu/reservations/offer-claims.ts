import { Injectable } from '@nestjs/common';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { offerKey, machineKey } from './offer-keys.js';

/**
 * Machines that gangs of this process are about to rent. A search tells two gangs that begin together of the same
 * cheapest machines; what one has taken the other leaves for last, instead of asking for it in vain.
 */
@Injectable()
export class OfferClaims {
  private readonly claims = new Map<string, number>();

  /** @returns what ends the claim */
  claim(offer: ProviderOffer): () => void {
    const key = keyOf(offer);
    this.claims.set(key, this.countOf(key) + 1);
    return () => {
      const left = this.countOf(key) - 1;
      if (left > 0) this.claims.set(key, left);
      else this.claims.delete(key);
    };
  }

  /** As many have claimed it as it can serve. */
  isSpent(offer: ProviderOffer): boolean {
    return this.countOf(keyOf(offer)) >= (machineKey(offer) ? 1 : offer.capacity);
  }

  private countOf(key: string): number {
    return this.claims.get(key) ?? 0;
  }
}

const keyOf = (offer: ProviderOffer): string => machineKey(offer) ?? offerKey(offer);
