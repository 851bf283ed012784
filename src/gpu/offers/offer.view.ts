import { creditsFromMicro } from '../../common/money.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';

export class OfferView {
  /** `vast-12345`, `ionet-…`, `static-…` */
  id: string;
  provider: string;
  gpu_name: string;
  gpu_count: number;
  /** Nominal GB per GPU. */
  vram_gb: number;
  cpu_cores: number | null;
  ram_gb: number | null;
  storage_gb: number | null;
  /** Dollars per hour, all-in, the operator's markup included: what is charged. */
  price_per_hour: number;
  location: string | null;
  available: boolean;
  specifications: Record<string, string | number | boolean | null>;

  static from(offer: ProviderOffer, price: { priceMicro: number; minimumHours: number }): OfferView {
    return {
      id: ProvidersService.publicOfferId(offer),
      provider: offer.provider,
      gpu_name: offer.gpuName,
      gpu_count: offer.gpuCount,
      vram_gb: offer.vramGb,
      cpu_cores: offer.cpuCores,
      ram_gb: offer.ramGb,
      storage_gb: offer.storageGb,
      price_per_hour: creditsFromMicro(price.priceMicro),
      location: offer.location,
      available: offer.capacity > 0,
      specifications: {
        ...offer.specifications,
        minimum_hours: price.minimumHours,
        provider_price_per_hour: offer.pricePerHour,
        verified: offer.verified,
        reliability: offer.reliability,
      },
    };
  }
}

export class PartialView {
  provider: string;
  /** Why this farm is missing, e.g. `provider_unavailable`. */
  code: string;
}

export class OfferListView {
  instances: OfferView[];
  /** Rows returned. */
  count: number;
  /** The farm that was asked, or `all`. */
  provider: string;
  /** Farms that did not answer; their offers are missing. */
  partial?: PartialView[];
  /** When the oldest of these offers was read from its farm. */
  as_of: string;
}
