import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PlatformPoster } from '../ledger/platform-poster.js';
import { costAtEnd, costThrough } from './rental-cost.js';
import type { RentalMeter } from './rental-meter.entity.js';

/**
 * Books what the farm takes for a rental, beside what its user is charged, so that the margin is the difference:
 * `cogs:{farm}` pays `payable:{farm}`, at the farm's price by the second, its minimum at least once it ran. Credits
 * stand for dollars here, one for one; what is really paid to a farm clears `payable:{farm}` when real money has books
 * of its own.
 */
@Injectable()
export class RentalCosts {
  constructor(private readonly poster: PlatformPoster) {}

  /** Returns what is booked altogether. */
  bookThrough(meter: RentalMeter, throughMs: number, manager: EntityManager): Promise<number> {
    return this.book(
      meter,
      costThrough(atFarmPrice(meter), throughMs),
      String(throughMs),
      throughMs,
      manager,
    );
  }

  bookEnd(meter: RentalMeter, endedAtMs: number, manager: EntityManager): Promise<number> {
    return this.book(meter, costAtEnd(atFarmPrice(meter), endedAtMs), 'end', endedAtMs, manager);
  }

  private async book(
    { rentalId, provider, costMicro: bookedMicro }: RentalMeter,
    costMicro: number,
    step: string,
    eventAt: number,
    manager: EntityManager,
  ): Promise<number> {
    const posting = {
      code: 'gpu_cost' as const,
      from: `cogs:${provider}` as const,
      to: `payable:${provider}` as const,
      amountMicro: costMicro - bookedMicro,
      idempotencyKey: `cogs:${rentalId}:${step}`,
      reference: rentalId,
      eventAt,
    };
    await this.poster.post(posting, manager);
    return costMicro;
  }
}

function atFarmPrice(meter: RentalMeter): RentalMeter {
  return { ...meter, pricePerHourMicro: meter.providerPricePerHourMicro };
}
