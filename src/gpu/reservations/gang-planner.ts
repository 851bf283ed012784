import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { providerBusy } from '../../providers/providers.errors.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { notEnoughOffers, totalPriceAboveLimit } from '../gpu.errors.js';
import { OfferPrices } from '../offers/offer-prices.js';
import { CandidateSupply } from './candidates.js';
import type { GangOrder } from './gang-order.js';
import { OfferClaims } from './offer-claims.js';

/** Chooses the machines of a gang before anything is rented. */
@Injectable()
export class GangPlanner {
  constructor(
    private readonly providers: ProvidersService,
    private readonly prices: OfferPrices,
    private readonly claims: OfferClaims,
    private readonly clock: Clock,
  ) {}

  /** With a bound for the price of all, the cheapest are wanted whoever else asks for them. */
  supplyFor({ usedMachines, maxTotalPriceMicro }: GangOrder): CandidateSupply {
    return new CandidateSupply(usedMachines, maxTotalPriceMicro === undefined ? this.claims : undefined);
  }

  /** What is on offer now. @throws when no farm answers */
  async search({ filters, providers }: GangOrder): Promise<ProviderOffer[]> {
    const { offers } = await this.providers.searchAll(filters, { providers, maxAgeMs: 0 });
    return filters.gpuModel === undefined ? offers.filter(runsUsualImages) : offers;
  }

  /** Cheapest first, distinct machines, within the total price, as far as the farms' queues let them be rented. */
  plan(order: GangOrder, supply: CandidateSupply): ProviderOffer[] {
    const found = supply.takeMany(order.count);
    const isTooFew = order.isAtomic ? found.length < order.count : found.length === 0;
    if (isTooFew) throw notEnoughOffers(found.length, order.count);
    const plan = this.withinTotal(found, order);
    this.requireFreeSlots(plan, order);
    return plan;
  }

  priceMicro(offer: ProviderOffer): number {
    return this.prices.of(offer).priceMicro;
  }

  private withinTotal(offers: ProviderOffer[], { maxTotalPriceMicro, isAtomic }: GangOrder): ProviderOffer[] {
    const affordable: ProviderOffer[] = [];
    let totalMicro = 0;
    for (const offer of offers) {
      totalMicro += this.priceMicro(offer);
      if (totalMicro <= (maxTotalPriceMicro ?? Infinity)) affordable.push(offer);
    }
    const isTooDear = isAtomic ? affordable.length < offers.length : affordable.length === 0;
    if (isTooDear) throw totalPriceAboveLimit();
    return affordable;
  }

  /** Refused before the first rent when a farm's queue of minimum intervals is longer than the time that is left. */
  private requireFreeSlots(plan: readonly ProviderOffer[], order: GangOrder): void {
    const leftMs = order.deadlineAt - this.clock.now();
    for (const name of new Set(plan.map(({ provider }) => provider))) {
      const ahead = plan.filter(({ provider }) => provider === name).length - 1;
      const delayMs = this.providers.byName(name).rentDelayMs(ahead);
      if (delayMs > leftMs) throw providerBusy(name, delayMs);
    }
  }
}

/**
 * CUDA images for amd64 are what nearly everybody runs: a machine of another make is taken only when its GPU is asked
 * for by name.
 */
function runsUsualImages({ specifications }: ProviderOffer): boolean {
  const { gpu_arch: gpu = 'nvidia', cpu_arch: cpu = 'amd64' } = specifications;
  return gpu === 'nvidia' && cpu === 'amd64';
}
