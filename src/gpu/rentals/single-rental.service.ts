import { Injectable } from '@nestjs/common';
import { creditsFromMicro } from '../../common/money.js';
import type { Origin } from '../../common/origin.js';
import { AppConfig } from '../../config/config.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import type { Attempt } from '../../database/idempotency.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { offerNotFound, priceAboveLimit } from '../gpu.errors.js';
import { OfferPrices } from '../offers/offer-prices.js';
import { PoolsService } from '../pools/pools.service.js';
import type { CreateRentalDto } from './dto/create-rental.dto.js';
import { toRentalConfig } from './rental-configs.js';
import { RentingService } from './renting.service.js';
import type { Rental } from './rental.entity.js';

/** What the caller wants to rent. */
export interface RentalWish {
  at: { provider: string; offerId: string };
  dto: CreateRentalDto;
  timeLimitMs?: number;
  /** Who asks for it, and from where. */
  origin?: Origin;
}

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

  /** The rental is called after the attempt, so that a repetition finds it instead of renting again. */
  async rent(userId: string, wish: RentalWish, attempt: Attempt): Promise<Rental> {
    const { id, isRepeatable, isRepeat } = attempt;
    const begun = isRepeat ? await this.renting.resume(id) : undefined;
    const rental = begun ?? (await this.rentNew(isRepeatable ? id : undefined, userId, wish));
    const { pool } = wish.dto;
    if (pool) await this.pools.join(userId, pool, [rental.id]);
    return rental;
  }

  private async rentNew(
    id: string | undefined,
    userId: string,
    { at, dto, timeLimitMs, origin }: RentalWish,
  ): Promise<Rental> {
    const config = toRentalConfig(dto, this.config.gpu.defaultImage);
    const offer = await this.findOffer(at, config.diskGb);
    this.requirePrice(offer, dto.max_price);
    const opened = await this.renting.open({ id, userId, offer, config, timeLimitMs, origin });
    return this.renting.fulfil(opened, config);
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
