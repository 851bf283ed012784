import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { GpuProvider, ProviderContract } from '../../providers/gpu-provider.js';
import { ContractCleaner, standing } from '../rentals/contract-cleaner.js';
import { vanished, type Absence } from '../rentals/rental-lifecycle.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { isLive } from '../rentals/rental-state.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import type { Rental } from '../rentals/rental.entity.js';
import { RentalObserver } from './rental-observer.js';

/** What the farm no longer lists: its own answer about the contract decides. */
@Injectable()
export class MissingContracts {
  constructor(
    private readonly clock: Clock,
    private readonly rentals: RentalRepository,
    private readonly transitions: RentalTransitions,
    private readonly cleaner: ContractCleaner,
    private readonly observer: RentalObserver,
  ) {}

  /** The farm's answer may take its time, so the rental is read again after it. */
  async confirm(farm: GpuProvider, { id, contractId }: Rental, missing: Absence): Promise<void> {
    if (contractId === null) return;
    const contract = await farm.showContract(contractId, {});
    const rental = await this.rentals.findById(id);
    if (!rental || rental.contractGoneAt !== null) return;
    const left = standing(contract, rental);
    if (!left) return this.end(rental, contract, missing);
    if (isLive(rental.state)) await this.observer.observe(rental, left);
    else this.cleaner.destroyLater(rental);
  }

  private async end(rental: Rental, contract: ProviderContract | undefined, missing: Absence): Promise<void> {
    if (isLive(rental.state)) {
      const end = vanished(rental, contract, this.clock.now(), missing);
      if (!(await this.transitions.apply(rental, end))) return;
    }
    await this.transitions.contractGone(rental);
  }
}
