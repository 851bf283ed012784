import { Injectable } from '@nestjs/common';
import { microFromDollars } from '../../common/money.js';
import { AppConfig } from '../../config/config.js';
import { priceMicroPerHour } from '../../credits/pricing.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';

/** Rounding up to a micro-credit must not refuse an offer that costs exactly the bound. */
const ROUNDING = 1e-6;

/** What an offer costs: the farm's price and ours, which includes the operator's markup. */
@Injectable()
export class OfferPrices {
  constructor(private readonly config: AppConfig) {}

  of(offer: ProviderOffer): { priceMicro: number; providerPriceMicro: number } {
    return {
      priceMicro: priceMicroPerHour(offer.pricePerHour, this.config.billing.markupPercent),
      providerPriceMicro: microFromDollars(offer.pricePerHour),
    };
  }

  /** The farm's price that becomes `ourPrice` with the markup, for the farm's own filter. Never stricter. */
  providerLimit(ourPrice: number): number {
    return ourPrice / (1 + this.config.billing.markupPercent / 100) + ROUNDING;
  }
}
