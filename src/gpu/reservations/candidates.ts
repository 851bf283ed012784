import type { ProviderName, ProviderOffer } from '../../providers/gpu-provider.js';
import type { OfferClaims } from './offer-claims.js';
import { machineKey, offerKey } from './offer-keys.js';

/**
 * The order in which a gang takes machines: cheapest first, each offer as often as its capacity allows, never a
 * machine twice. Offers that share a machine shrink or vanish when one of them is rented, so one use spends them all.
 * What other gangs are about to rent comes last, whatever it costs.
 */
export class CandidateSupply {
  private offers: ProviderOffer[] = [];
  private readonly remaining = new Map<string, number>();
  private readonly usedMachines: Set<string>;
  private readonly avoidedProviders = new Set<ProviderName>();

  private readonly endsOfClaims: (() => void)[] = [];

  constructor(
    usedMachines: Iterable<string> = [],
    private readonly claims?: OfferClaims,
  ) {
    this.usedMachines = new Set(usedMachines);
  }

  /** Adds what a search found; an offer that is known keeps what is left of its capacity. */
  add(offers: readonly ProviderOffer[]): void {
    for (const offer of offers) {
      const key = offerKey(offer);
      if (this.remaining.has(key)) continue;
      this.remaining.set(key, offer.capacity);
      this.offers.push(offer);
    }
    this.offers.sort((a, b) => a.pricePerHour - b.pricePerHour || offerKey(a).localeCompare(offerKey(b)));
  }

  /** The cheapest machine that is left and suits. */
  take(suits: (offer: ProviderOffer) => boolean = () => true): ProviderOffer | undefined {
    const left = this.offers.filter((candidate) => this.isLeft(candidate) && suits(candidate));
    const offer = left.find((candidate) => !this.claims?.isSpent(candidate)) ?? left[0];
    if (!offer) return undefined;
    if (this.claims) this.endsOfClaims.push(this.claims.claim(offer));
    this.remaining.set(offerKey(offer), (this.remaining.get(offerKey(offer)) ?? 0) - 1);
    const machine = machineKey(offer);
    if (machine) this.usedMachines.add(machine);
    return offer;
  }

  takeMany(count: number): ProviderOffer[] {
    const taken: ProviderOffer[] = [];
    while (taken.length < count) {
      const offer = this.take();
      if (!offer) break;
      taken.push(offer);
    }
    return taken;
  }

  /** The gang is rented, or will not be. */
  endClaims(): void {
    for (const end of this.endsOfClaims.splice(0)) end();
  }

  /** The farm refuses us altogether, e.g. our account there is out of credit. */
  avoidProvider(provider: ProviderName): void {
    this.avoidedProviders.add(provider);
  }

  /** The offer has no capacity after all. */
  exhaust(offer: Pick<ProviderOffer, 'provider' | 'offerId'>): void {
    this.remaining.set(offerKey(offer), 0);
  }

  private isLeft(offer: ProviderOffer): boolean {
    const machine = machineKey(offer);
    return (
      (this.remaining.get(offerKey(offer)) ?? 0) > 0 &&
      !this.avoidedProviders.has(offer.provider) &&
      !(machine && this.usedMachines.has(machine))
    );
  }
}
