import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { deadlineSignal } from '../common/abort.js';
import { Clock } from '../common/clock.js';
import { isDomainError } from '../common/domain-error.js';
import type { GpuProvider, OfferFilters, ProviderOffer } from './gpu-provider.js';
import { filterKey } from './offer-filters.js';

const FRESH_MS = 30_000;
/** Farms have been seen answering nothing but errors for ten minutes. */
const STALE_MS = 15 * 60_000;
/** No caller waits longer for one farm; what it answers later still fills the cache. */
const FARM_DEADLINE_MS = 20_000;
/** A search of a large market keeps some hundred kilobytes. */
const MOST_SEARCHES = 60;

/** What one farm had to say, or what it said last when it fails now. */
export interface FarmOffers {
  offers: readonly ProviderOffer[];
  /** Epoch ms. */
  asOf: number;
  /** Why the farm could not be asked just now. */
  code?: string;
}

/**
 * Offers of one farm through a cache: the same filters reach the farm at most once at a time and once in 30 s, and
 * when it fails the last answer is served with its age.
 */
@Injectable()
export class OfferSearch {
  private readonly logger = new Logger(OfferSearch.name);
  private readonly cache = new LRUCache<string, FarmOffers>({ max: MOST_SEARCHES });
  private readonly flights = new Map<string, Promise<FarmOffers>>();

  constructor(private readonly clock: Clock) {}

  /**
   * @param maxAgeMs accept an answer of this age; given, a failing farm is an error even if an older one is known
   * @throws the farm's DomainError when nothing is known
   */
  async offersOf(provider: GpuProvider, filters: OfferFilters, maxAgeMs?: number): Promise<FarmOffers> {
    const key = `${provider.name} ${filterKey(filters)}`;
    const known = this.cache.get(key);
    if (known && this.isFresh(known, provider, maxAgeMs ?? FRESH_MS)) return known;
    try {
      return await this.fly(key, provider, filters);
    } catch (error) {
      const isServable = maxAgeMs === undefined && known && this.clock.now() - known.asOf <= STALE_MS;
      if (!isServable) throw error;
      return { ...known, code: codeOf(error) };
    }
  }

  private isFresh({ asOf }: FarmOffers, provider: GpuProvider, maxAgeMs: number): boolean {
    return this.clock.now() - asOf < maxAgeMs && asOf > (provider.offersChangedAt?.() ?? 0);
  }

  private fly(key: string, provider: GpuProvider, filters: OfferFilters): Promise<FarmOffers> {
    const flying = this.flights.get(key);
    if (flying) return flying;
    const flight = this.ask(provider, filters)
      .then((found) => {
        this.cache.set(key, found);
        return found;
      })
      .finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  private async ask(provider: GpuProvider, filters: OfferFilters): Promise<FarmOffers> {
    const asOf = this.clock.now();
    try {
      const offers = await provider.searchOffers(filters, { signal: deadlineSignal(FARM_DEADLINE_MS) });
      return { offers: offers.toSorted((a, b) => a.pricePerHour - b.pricePerHour), asOf };
    } catch (error) {
      this.logger.warn({ msg: 'search failed', provider: provider.name, err: error });
      throw error;
    }
  }
}

export function codeOf(error: unknown): string {
  return isDomainError(error) ? error.code : 'provider_unavailable';
}
