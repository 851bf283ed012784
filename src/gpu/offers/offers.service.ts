import { Injectable } from '@nestjs/common';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { DEFAULT_DISK_GB, DEFAULT_PORTS } from '../rentals/rental-config.js';
import type { ListOffersDto, OfferOrder } from './dto/list-offers.dto.js';
import { toOfferFilters } from './offer-filters.js';
import { OfferPrices } from './offer-prices.js';
import { OfferView, type OfferListView } from './offer.view.js';

/** The prices shown are those of a rental that is asked for without further wishes. */
const DEFAULT_NEEDS = { diskGb: DEFAULT_DISK_GB, minPorts: DEFAULT_PORTS.length };

const ORDERS: Readonly<Record<OfferOrder, (a: OfferView, b: OfferView) => number>> = {
  price: (a, b) => a.price_per_hour - b.price_per_hour,
  '-price': (a, b) => b.price_per_hour - a.price_per_hour,
  vram: (a, b) => b.vram_gb - a.vram_gb || a.price_per_hour - b.price_per_hour,
  reliability: (a, b) => reliabilityOf(b) - reliabilityOf(a) || a.price_per_hour - b.price_per_hour,
};

/** What can be rented now, from all farms or one, at the price that we charge. */
@Injectable()
export class OffersService {
  constructor(
    private readonly providers: ProvidersService,
    private readonly prices: OfferPrices,
  ) {}

  async list(query: ListOffersDto): Promise<OfferListView> {
    const provider =
      query.provider === undefined ? undefined : this.providers.requireConfigured(query.provider);
    const filters = toOfferFilters(query, (price) => this.prices.providerLimit(price), DEFAULT_NEEDS);
    const found = await this.providers.searchAll(filters, { providers: provider && [provider.name] });
    const offers = found.offers
      .map((offer) => this.view(offer))
      .filter((offer) => query.max_price === undefined || offer.price_per_hour <= query.max_price)
      .sort((a, b) => ORDERS[query.sort ?? 'price'](a, b) || a.id.localeCompare(b.id));
    const instances = query.limit === undefined ? offers : offers.slice(0, query.limit);
    return {
      instances,
      count: instances.length,
      provider: provider?.name ?? 'all',
      ...(found.partial.length > 0 ? { partial: [...found.partial] } : {}),
      as_of: new Date(found.asOf).toISOString(),
    };
  }

  private view(offer: ProviderOffer): OfferView {
    const { minimumHours } = this.providers.byName(offer.provider);
    return OfferView.from(offer, { priceMicro: this.prices.of(offer).priceMicro, minimumHours });
  }
}

function reliabilityOf(offer: OfferView): number {
  const { reliability } = offer.specifications;
  return typeof reliability === 'number' ? reliability : -1;
}
