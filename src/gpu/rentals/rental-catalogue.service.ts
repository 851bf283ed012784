import { Injectable } from '@nestjs/common';
import { DEFAULT_PAGE_SIZE, decodeCursor, pageOf } from '../../common/cursor.js';
import { RentalMeterService } from '../../credits/metering/rental-meter.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { noContractYet, rentalNotFound } from '../gpu.errors.js';
import { PoolRepository } from '../pools/pool.repository.js';
import type { ListRentalsDto } from './dto/list-rentals.dto.js';
import { RentalRepository } from './rental.repository.js';
import { RentalView, type RentalListView, type RentalLogsView } from './rental.view.js';
import type { Rental } from './rental.entity.js';

const DEFAULT_LOG_LINES = 200;

/** What I hold, in which state and why, and what it has cost. */
@Injectable()
export class RentalCatalogue {
  constructor(
    private readonly rentals: RentalRepository,
    private readonly pools: PoolRepository,
    private readonly meter: RentalMeterService,
    private readonly providers: ProvidersService,
  ) {}

  async list(userId: string, query: ListRentalsDto): Promise<RentalListView> {
    const limit = query.limit ?? DEFAULT_PAGE_SIZE;
    const found = await this.rentals.page(userId, limit + 1, decodeCursor(query.cursor), query.state);
    const { rows, nextCursor } = pageOf(found, limit);
    return { rentals: await this.views(rows), count: rows.length, next_cursor: nextCursor };
  }

  async get(userId: string, id: string): Promise<RentalView> {
    const [view] = await this.views([await this.requireOwned(userId, id)]);
    return view;
  }

  /** Rentals of the user that run, or whose last charge is not booked yet. */
  countOpen(userId: string): Promise<number> {
    return this.rentals.countOpen(userId);
  }

  async views(rentals: readonly Rental[]): Promise<RentalView[]> {
    const ids = rentals.map(({ id }) => id);
    const pools = await this.pools.poolNamesOf(ids);
    const costs = await this.meter.costOf(ids);
    return rentals.map((rental) =>
      RentalView.from(rental, { pools: pools.get(rental.id) ?? [], costMicro: costs.get(rental.id) ?? 0 }),
    );
  }

  async logs(userId: string, id: string, tail = DEFAULT_LOG_LINES): Promise<RentalLogsView> {
    const rental = await this.requireOwned(userId, id);
    if (rental.contractId === null) throw noContractYet();
    const logs = await this.providers.byName(rental.provider).readLogs(rental.contractId, { tail });
    return { rental_id: rental.id, logs };
  }

  async requireOwned(userId: string, id: string): Promise<Rental> {
    const rental = await this.rentals.findOwned(userId, id);
    if (!rental) throw rentalNotFound();
    return rental;
  }
}
