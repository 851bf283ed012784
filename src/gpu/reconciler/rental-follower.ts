import { Injectable } from '@nestjs/common';
import type { ProviderContract } from '../../providers/gpu-provider.js';
import { ContractCleaner } from '../rentals/contract-cleaner.js';
import { ContractRecorder } from '../rentals/contract-recorder.js';
import { isLive } from '../rentals/rental-state.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import type { Rental } from '../rentals/rental.entity.js';
import { RentalObserver } from './rental-observer.js';

/** What can become of one rental in a comparison of the fleets. */
@Injectable()
export class RentalFollower {
  constructor(
    private readonly observer: RentalObserver,
    private readonly recorder: ContractRecorder,
    private readonly transitions: RentalTransitions,
    private readonly cleaner: ContractCleaner,
  ) {}

  observe(rental: Rental, contract: ProviderContract): Promise<void> {
    return this.observer.observe(rental, contract);
  }

  /** The farm made the contract, its answer was lost. */
  async adopt(rental: Rental, contract: ProviderContract): Promise<void> {
    const made = await this.recorder.contractMade(rental, contract);
    if (isLive(made.state)) await this.observe(made, contract);
    else this.cleaner.destroyLater(made);
  }

  /** Also when the rental failed before we knew its contract: then the contract is recorded first. */
  async destroy(rental: Rental, contract: ProviderContract): Promise<void> {
    const known = rental.contractId === null ? await this.recorder.contractMade(rental, contract) : rental;
    this.cleaner.destroyLater(known);
  }

  /** Nothing of it is left anywhere. */
  forget(rental: Rental): Promise<void> {
    return this.transitions.contractGone(rental);
  }

  /** The process that was renting it died; its contract may still appear. */
  async interrupted(rental: Rental): Promise<void> {
    await this.transitions.fail(rental, 'rent_interrupted', true);
  }
}
