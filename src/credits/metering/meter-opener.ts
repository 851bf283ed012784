import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RentalBooks } from './rental-books.js';
import type { RentalMeter } from './rental-meter.entity.js';
import { RentalMeterRepository } from './rental-meter.repository.js';

/** What a meter is made of; the rest is zero or not known yet. */
export type NewMeter = Pick<
  RentalMeter,
  | 'rentalId'
  | 'userId'
  | 'holdId'
  | 'clientId'
  | 'ip'
  | 'pricePerHourMicro'
  | 'provider'
  | 'providerPricePerHourMicro'
  | 'gpuCount'
  | 'minimumSeconds'
  | 'createdAt'
>;

/** Makes a rental's meter, once. */
@Injectable()
export class MeterOpener {
  constructor(
    private readonly meters: RentalMeterRepository,
    private readonly books: RentalBooks,
  ) {}

  /** Nothing happens when it is there already. @throws quota_exceeded */
  async open(facts: NewMeter, manager: EntityManager): Promise<void> {
    if (await this.meters.find(facts.rentalId, manager)) return;
    const openedSeq = await this.meters.accountSeq(facts.userId, manager);
    const meter: RentalMeter = { ...NOT_BEGUN, ...facts, openedSeq };
    meter.quotaSeconds = await this.books.open(meter, manager);
    await this.meters.insert(meter, manager);
  }
}

const NOT_BEGUN = {
  state: 'authorized' as const,
  chargedMicro: 0,
  costMicro: 0,
  quotaSeconds: null,
  runningAt: null,
  billedThrough: null,
  endedAt: null,
};
