import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newOrderedId } from '../../common/id.js';
import type { Origin } from '../../common/origin.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { Installation } from '../installation.service.js';
import { OfferPrices } from '../offers/offer-prices.js';
import type { RentalConfig } from './rental-config.js';
import type { Rental } from './rental.entity.js';

export interface RentalOrder {
  /** Of the rental to be made, where it has to be found again by it; default: a new one. */
  id?: string;
  userId: string;
  offer: ProviderOffer;
  config: RentalConfig;
  timeLimitMs?: number;
  reservationId?: string;
  /** Who asked for it, and from where; default: its owner. */
  origin?: Origin;
}

/** Makes the row of a rental that is about to be rented. */
@Injectable()
export class RentalFactory {
  constructor(
    private readonly providers: ProvidersService,
    private readonly prices: OfferPrices,
    private readonly installation: Installation,
    private readonly clock: Clock,
  ) {}

  make({ id = newOrderedId(), userId, offer, config, timeLimitMs, reservationId }: RentalOrder): Rental {
    const now = this.clock.now();
    const prices = this.prices.of(offer);
    return {
      id,
      userId,
      reservationId: reservationId ?? null,
      provider: offer.provider,
      offerId: offer.offerId,
      machineId: offer.machineId ?? null,
      label: this.installation.labelFor(id),
      contractId: null,
      instanceId: null,
      state: 'requested',
      reason: null,
      since: now,
      isServing: false,
      contractGoneAt: null,
      settledAt: null,
      gpuModel: offer.gpuName,
      gpuCount: offer.gpuCount,
      vramGb: offer.vramGb,
      location: offer.location,
      priceMicro: prices.priceMicro,
      providerPriceMicro: prices.providerPriceMicro,
      minimumHours: this.providers.byName(offer.provider).minimumHours,
      origins: {},
      healthPath: config.health?.path ?? null,
      healthPort: config.health?.port ?? null,
      hasService: config.ports.length > 0,
      timeLimitMs: timeLimitMs ?? null,
      durationHours: config.durationHours ?? null,
      endsAt: null,
      createdAt: now,
      contractAt: null,
      runningAt: null,
      servedAt: null,
      endedAt: null,
    };
  }
}
