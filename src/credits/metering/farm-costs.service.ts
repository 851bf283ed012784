import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PlatformPoster } from '../ledger/platform-poster.js';
import { RentalMeterRepository } from './rental-meter.repository.js';

/** What a farm has really taken for a contract. */
export interface FarmCost {
  provider: string;
  contractId: string;
  /** Null for a contract that no rental has claimed. */
  rentalId: string | null;
  /** Booked for the contract by an earlier call; null = this is the first. */
  bookedMicro: number | null;
  amountMicro: number;
  /** When the contract ended. */
  eventAt: number;
  askedAt: number;
}

/**
 * Corrects the books by a farm's own bill. Ticks have booked the offer's price for the time that the rental ran; a bill
 * has what no offer tells: the disk while it booted, traffic, rounding, and hours that were paid and not given back.
 */
@Injectable()
export class FarmCosts {
  constructor(
    private readonly meters: RentalMeterRepository,
    private readonly poster: PlatformPoster,
  ) {}

  /**
   * Inside the transaction in which the caller has moved the bill on from `bookedMicro`.
   * @throws Error for a rental that is not settled: its own last booking would come after this one
   */
  async correct(cost: FarmCost, manager: EntityManager): Promise<void> {
    const { rentalId, amountMicro, bookedMicro } = cost;
    const meter = rentalId === null ? null : await this.meters.find(rentalId, manager);
    if (!meter) return this.book(cost, amountMicro - (bookedMicro ?? 0), manager);
    if (!(await this.meters.restateCost(meter, amountMicro, manager)))
      throw new Error(`rental ${meter.rentalId} is not settled, its bill has to wait`);
    await this.book(cost, amountMicro - meter.costMicro, manager);
  }

  /** The caller's claim of the bill makes each step happen once; so the key only has to be another one each time. */
  private book(
    { provider, contractId, rentalId, eventAt, askedAt }: FarmCost,
    byMicro: number,
    manager: EntityManager,
  ): Promise<void> {
    return this.poster.post(
      {
        code: 'gpu_cost',
        from: `cogs:${provider}`,
        to: `payable:${provider}`,
        amountMicro: byMicro,
        idempotencyKey: `bill:${contractId}:${askedAt}`,
        reference: rentalId ?? contractId,
        eventAt,
      },
      manager,
    );
  }
}
