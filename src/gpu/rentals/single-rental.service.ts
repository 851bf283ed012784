import { Injectable } from '@nestjs/common';
import { creditsFromMicro } from '../../common/money.js';
import type { Origin } from '../../common/origin.js';
import { AppConfig } from '../../config/config.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { offerNotFound, priceAboveLimit } from '../gpu.errors.js';
import { OfferPrices } from '../offers/offer-prices.js';
import { PoolsService } from '../pools/pools.service.js';
import type { CreateRentalDto } from './dto/create-rental.dto.js';
import { toRentalConfig } from './rental-configs.js';
import { RentingService } from './renting.service.js';
import type { Rental } from './rental.entity.js';

/** Rents one offer that the caller chose. */
@Injectable()
export class SingleRentalService {
  constructor(
    private readonly config: AppConfig,
    private readonly providers: ProvidersService,
    private readonly prices: OfferPrices,
    private readonly renting: RentingService,
    private readonly pools: PoolsService,
  ) {}

  async rent(
    userId: string,
    at: { provider: string; offerId: string },
    dto: CreateRentalDto,
    timeLimitMs?: number,
    origin?: Origin,
  ): Promise<Rental> {
    const config = toRentalConfig(dto, this.config.gpu.defaultImage);
    const offer = await this.findOffer(at, config.diskGb);
    this.requirePrice(offer, dto.max_price);
    const opened = await this.renting.open({ userId, offer, config, timeLimitMs, origin });
    const rental = await this.renting.fulfil(opened, config);
    if (dto.pool) await this.pools.join(userId, dto.pool, [rental.id]);
    return rental;
  }

  private async findOffer(at: { provider: string; offerId: string }, diskGb: number): Promise<ProviderOffer> {
    const provider = this.providers.requireConfiguredInPath(at.provider);
    const offer = await provider.findOffer(ProvidersService.parseOfferId(at.offerId, provider), { diskGb });
    if (!offer || offer.capacity < 1) throw offerNotFound();
    return offer;
  }

  private requirePrice(offer: ProviderOffer, maxPrice: number | undefined): void {
    const price = creditsFromMicro(this.prices.of(offer).priceMicro);
    if (maxPrice !== undefined && price > maxPrice) throw priceAboveLimit(price);
  }
}
