import { Injectable } from '@nestjs/common';
import { PoolCatalogue } from '../../../gpu/pools/pool-catalogue.service.js';
import { RentalCatalogue } from '../../../gpu/rentals/rental-catalogue.service.js';
import { ReservationCatalogue } from '../../../gpu/reservations/reservation-catalogue.service.js';
import { allPages, type ExportPart, type ExportSection } from '../export-part.js';

const PAGE = 100;

/** What the user has rented, and how it was pooled. */
@Injectable()
export class GpuPart implements ExportPart {
  constructor(
    private readonly rentals: RentalCatalogue,
    private readonly reservations: ReservationCatalogue,
    private readonly pools: PoolCatalogue,
  ) {}

  sections(): ExportSection[] {
    return [
      { name: 'rentals', rows: (userId) => allPages((cursor) => this.rentalPage(userId, cursor)) },
      { name: 'reservations', rows: (userId) => allPages((cursor) => this.reservationPage(userId, cursor)) },
      { name: 'pools', rows: (userId) => this.poolsOf(userId) },
    ];
  }

  private async rentalPage(userId: string, cursor?: string) {
    const page = await this.rentals.list(userId, { limit: PAGE, cursor });
    return { rows: page.rentals, nextCursor: page.next_cursor };
  }

  private async reservationPage(userId: string, cursor?: string) {
    const page = await this.reservations.list(userId, { limit: PAGE, cursor });
    return { rows: page.reservations, nextCursor: page.next_cursor };
  }

  private async *poolsOf(userId: string): AsyncGenerator<object> {
    yield* (await this.pools.list(userId)).pools;
  }
}
