import { readMarketFile } from '../market-file.js';
import type { SimulatedClock } from '../simulated-clock.js';
import type { VastOffer } from './vast-offer.js';

interface MarketFile {
  /** Unix seconds at which the file's dates were written. */
  now: number;
  offers: VastOffer[];
}

/** Every ask of the farm, and which machines are taken. Several asks may be slices of one machine. */
export class VastMarket {
  private readonly offers: readonly VastOffer[];
  private readonly takenMachines = new Set<number>();
  private readonly withdrawn = new Set<number>();

  constructor(private readonly clock: SimulatedClock) {
    const file = readMarketFile('vast-ai.offers.json') as MarketFile;
    const shift = clock.nowSeconds() - file.now;
    this.offers = file.offers.map((offer) => ({
      ...offer,
      start_date: offer.start_date + shift,
      end_date: offer.end_date + shift,
    }));
  }

  /** All rows as they stand now: rented machines and expired asks are marked, not left out. */
  rows(): VastOffer[] {
    return this.offers.filter(({ id }) => !this.withdrawn.has(id)).map((offer) => this.asNow(offer));
  }

  /** The ask when it can be rented right now. */
  findRentable(id: number): VastOffer | undefined {
    return this.rows().find((offer) => offer.id === id && offer.rentable && !offer.rented);
  }

  /** Takes the machine with every ask on it. */
  take(machineId: number): void {
    this.takenMachines.add(machineId);
  }

  free(machineId: number): void {
    this.takenMachines.delete(machineId);
  }

  /** The host takes the ask back, or puts it up again. */
  withdraw(offerId: number): void {
    this.withdrawn.add(offerId);
  }

  putBack(offerId: number): void {
    this.withdrawn.delete(offerId);
  }

  private asNow(offer: VastOffer): VastOffer {
    const isTaken = this.takenMachines.has(offer.machine_id);
    const duration = offer.end_date - this.clock.nowSeconds();
    return {
      ...offer,
      duration,
      rentable: offer.rentable && !isTaken && duration > 0,
      rented: offer.rented || isTaken,
    };
  }
}
