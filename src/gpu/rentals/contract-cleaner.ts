import { Injectable, Logger } from '@nestjs/common';
import { deadlineSignal } from '../../common/abort.js';
import { ProvidersService } from '../../providers/providers.service.js';
import type { Rental } from './rental.entity.js';
import { RentalTransitions } from './rental-transitions.service.js';

/** Ends contracts at the farms. What does not succeed here is tried again by the reconciler until the farm confirms. */
@Injectable()
export class ContractCleaner {
  private readonly logger = new Logger(ContractCleaner.name);

  constructor(
    private readonly providers: ProvidersService,
    private readonly transitions: RentalTransitions,
  ) {}

  /** Asks the farm to end the contract; tells whether it took the request. */
  async destroy(rental: Rental, signal?: AbortSignal): Promise<boolean> {
    if (rental.contractGoneAt !== null || rental.contractId === null) return true;
    try {
      await this.providers.byName(rental.provider).destroyContract(rental.contractId, { signal });
      return true;
    } catch (error) {
      this.logger.warn({ msg: 'destroy failed, will be repeated', rental_id: rental.id, err: error });
      return false;
    }
  }

  /** Destroys and looks once whether the farm has confirmed, within `withinMs`. */
  async destroyAndConfirm(rental: Rental, withinMs: number): Promise<void> {
    const signal = deadlineSignal(withinMs);
    if (!(await this.destroy(rental, signal)) || rental.contractId === null) return;
    try {
      const left = await this.providers.byName(rental.provider).showContract(rental.contractId, { signal });
      if (!left || left.state === 'gone') await this.transitions.contractGone(rental);
    } catch (error) {
      this.logger.debug({ msg: 'end not confirmed yet', rental_id: rental.id, err: error });
    }
  }

  /** Ends several rentals for one reason and waits for the farms' answers. */
  async endAll(rentals: readonly Rental[], reason: string, withinMs: number): Promise<void> {
    for (const rental of rentals) await this.transitions.stop(rental, reason);
    const signal = deadlineSignal(withinMs);
    await Promise.all(rentals.map((rental) => this.destroy(rental, signal)));
  }
}
