import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import {
  GPU_PROVIDERS,
  type GpuProvider,
  type OfferFilters,
  type ProviderName,
  type ProviderOffer,
} from './gpu-provider.js';
import { codeOf, OfferSearch, type FarmOffers } from './offer-search.js';
import { instanceIdOf, publicOfferId, withoutPrefix } from './provider-ids.js';
import { allProvidersUnavailable, providerNotConfigured, unknownProvider } from './providers.errors.js';
import { unlessAborted } from './unless-aborted.js';

export interface SearchOptions {
  /** Farms to ask; all configured ones unless given. */
  providers?: readonly string[];
  /** Give up waiting; the farms' answers still fill the cache. */
  signal?: AbortSignal;
  /** Oldest acceptable answer; 0 = ask the farms now and serve nothing stale. */
  maxAgeMs?: number;
}

/** A farm that could not be asked; its offers are missing or stale. */
export interface FailedSearch {
  provider: ProviderName;
  code: string;
}

export interface FoundOffers {
  /** Cheapest first within each farm, at the farms' own prices. */
  offers: ProviderOffer[];
  partial: FailedSearch[];
  /** Epoch ms of the oldest answer in it. */
  asOf: number;
}

/** The GPU farms as one: who they are, and what they have on offer together. */
@Injectable()
export class ProvidersService {
  constructor(
    @Inject(GPU_PROVIDERS) private readonly members: readonly GpuProvider[],
    private readonly search: OfferSearch,
    private readonly clock: Clock,
  ) {}

  static publicOfferId(offer: Pick<ProviderOffer, 'provider' | 'offerId'>): string {
    return publicOfferId(offer);
  }

  static instanceIdOf(provider: ProviderName, contractId: string): string {
    return instanceIdOf(provider, contractId);
  }

  /** The farm's own id of an offer or a contract, with our prefix or without. */
  static parseOfferId(id: string, provider: Pick<GpuProvider, 'name'>): string {
    return withoutPrefix(id, provider.name);
  }

  all(): readonly GpuProvider[] {
    return this.members;
  }

  configured(): readonly GpuProvider[] {
    return this.members.filter((provider) => provider.isConfigured());
  }

  /**
   * By name or alias, ignoring case.
   * @throws DomainError 422 `unknown_provider`
   */
  byName(name: string): GpuProvider {
    return this.find(name, 422);
  }

  /** @throws DomainError 404 `unknown_provider`: in a path an unknown farm is an unknown resource */
  byNameInPath(name: string): GpuProvider {
    return this.find(name, 404);
  }

  /** @throws DomainError 422 `unknown_provider`, 501 `provider_not_configured` */
  requireConfigured(name: string): GpuProvider {
    return requireKey(this.byName(name));
  }

  /** @throws DomainError 404 `unknown_provider`, 501 `provider_not_configured` */
  requireConfiguredInPath(name: string): GpuProvider {
    return requireKey(this.byNameInPath(name));
  }

  /**
   * Asks the farms side by side. One that fails is named in `partial`, with its last offers if there are any.
   * @throws DomainError 502 `provider_unavailable` when every asked farm failed and nothing is cached
   */
  async searchAll(filters: OfferFilters, options: SearchOptions = {}): Promise<FoundOffers> {
    const asked = options.providers?.map((name) => this.requireConfigured(name)) ?? this.configured();
    const work = Promise.all(asked.map((provider) => this.searchOne(provider, filters, options.maxAgeMs)));
    const answers = await unlessAborted(work, options.signal);
    const found = answers.filter((answer) => 'offers' in answer);
    const partial = answers
      .filter(({ code }) => code !== undefined)
      .map(({ provider, code = '' }): FailedSearch => ({ provider, code }));
    if (asked.length > 0 && found.length === 0) throw allProvidersUnavailable(partial);
    return {
      offers: found.flatMap(({ offers }) => offers),
      partial,
      asOf: Math.min(this.clock.now(), ...found.map(({ asOf }) => asOf)),
    };
  }

  private async searchOne(
    provider: GpuProvider,
    filters: OfferFilters,
    maxAgeMs?: number,
  ): Promise<({ provider: ProviderName } & FarmOffers) | { provider: ProviderName; code: string }> {
    try {
      return { provider: provider.name, ...(await this.search.offersOf(provider, filters, maxAgeMs)) };
    } catch (error) {
      return { provider: provider.name, code: codeOf(error) };
    }
  }

  private find(name: string, status: 404 | 422): GpuProvider {
    const wanted = name.trim().toLowerCase();
    const provider = this.members.find((member) => member.name === wanted || member.aliases.includes(wanted));
    if (provider) return provider;
    throw unknownProvider(
      name,
      this.members.map((member) => member.name),
      status,
    );
  }
}

function requireKey(provider: GpuProvider): GpuProvider {
  if (!provider.isConfigured()) throw providerNotConfigured(provider.name);
  return provider;
}
