import { Injectable } from '@nestjs/common';
import type { OfferListView } from '../gpu/offers/offer.view.js';
import { OffersService } from '../gpu/offers/offers.service.js';
import { RentalCatalogue } from '../gpu/rentals/rental-catalogue.service.js';
import { LIVE_STATES } from '../gpu/rentals/rental-state.js';
import type { RentalListView, RentalView } from '../gpu/rentals/rental.view.js';
import { ReservationCatalogue } from '../gpu/reservations/reservation-catalogue.service.js';
import type { ReservationListView, ReservationView } from '../gpu/reservations/reservation.view.js';
import { LoadBalancerService } from '../loadbalancer/loadbalancer.service.js';
import { LoadsView } from '../loadbalancer/load.view.js';
import { StrategyPreferences } from '../loadbalancer/strategy-preferences.service.js';

const MOST_ROWS = 100;

/** Rentals, reservations, loads and offers as their GETs show them. */
@Injectable()
export class GpuSnapshots {
  constructor(
    private readonly offers: OffersService,
    private readonly rentalCatalogue: RentalCatalogue,
    private readonly reservationCatalogue: ReservationCatalogue,
    private readonly balancer: LoadBalancerService,
    private readonly preferences: StrategyPreferences,
  ) {}

  market(): Promise<OfferListView> {
    return this.offers.list({});
  }

  /** What is held now; what has ended is history. */
  rentals(userId: string): Promise<RentalListView> {
    return this.rentalCatalogue.list(userId, { limit: MOST_ROWS, state: [...LIVE_STATES] });
  }

  rental(userId: string, id: string): Promise<RentalView> {
    return this.rentalCatalogue.get(userId, id);
  }

  reservations(userId: string): Promise<ReservationListView> {
    return this.reservationCatalogue.list(userId, { limit: MOST_ROWS });
  }

  reservation(userId: string, id: string): Promise<ReservationView> {
    return this.reservationCatalogue.get(userId, id);
  }

  async loads(userId: string): Promise<LoadsView> {
    return LoadsView.from(await this.preferences.of(userId), this.balancer.loadsOf(userId));
  }
}
