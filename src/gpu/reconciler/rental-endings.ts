import { Injectable } from '@nestjs/common';
import { RentalMeterService } from '../../credits/metering/rental-meter.service.js';
import { ContractCleaner } from '../rentals/contract-cleaner.js';
import type { Transition } from '../rentals/rental-lifecycle.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import type { Rental } from '../rentals/rental.entity.js';

/** Ends one running rental and has its contract destroyed without waiting for the farm. */
@Injectable()
export class RentalEndings {
  constructor(
    private readonly meter: RentalMeterService,
    private readonly transitions: RentalTransitions,
    private readonly cleaner: ContractCleaner,
  ) {}

  async exhausted(): Promise<Set<string>> {
    return new Set(await this.meter.exhausted());
  }

  async end(rental: Rental, transition: Transition): Promise<void> {
    if (await this.transitions.apply(rental, transition)) this.cleaner.destroyLater(rental);
  }
}
