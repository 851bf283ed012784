import { Injectable } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import { idempotencyInProgress } from '../../database/idempotency.errors.js';
import { rentInterrupted } from '../gpu.errors.js';
import { ContractCleaner } from './contract-cleaner.js';
import { ContractRecorder } from './contract-recorder.js';
import { FarmRenter } from './farm-renter.js';
import type { RentalConfig } from './rental-config.js';
import type { RentalOrder } from './rental-factory.js';
import { RentalOpener } from './rental-opener.js';
import { isLive } from './rental-state.js';
import { RentalTransitions } from './rental-transitions.service.js';
import type { Rental } from './rental.entity.js';

const RETRY_AFTER_SECONDS = 5;

/**
 * Renting as a saga of two steps: `open` commits the intent and holds the money, `fulfil` calls the farm. Whatever
 * breaks between them leaves a row with a unique label from which the reconciler finds the contract, or its absence.
 */
@Injectable()
export class RentingService {
  constructor(
    private readonly opener: RentalOpener,
    private readonly farms: FarmRenter,
    private readonly recorder: ContractRecorder,
    private readonly transitions: RentalTransitions,
    private readonly cleaner: ContractCleaner,
  ) {}

  /** @throws DomainError 402 `insufficient_credits`; then nothing is held and the row says so */
  open(order: RentalOrder): Promise<Rental> {
    return this.opener.open(order);
  }

  /**
   * Calls the farm once. A rental that its owner ended meanwhile comes back as it is, its contract being destroyed.
   * @throws the farm's DomainError after the rental has been closed as failed
   */
  async fulfil(rental: Rental, config: RentalConfig, signal?: AbortSignal): Promise<Rental> {
    try {
      const contract = await this.farms.rent(rental, config, signal);
      const made = await this.recorder.contractMade(rental, contract);
      if (!isLive(made.state)) this.cleaner.destroyLater(made);
      return made;
    } catch (error) {
      const adopted = await this.close(rental, error);
      if (adopted) return adopted;
      throw error;
    }
  }

  /**
   * Follows up what an attempt has left that died somewhere between the two steps; undefined when it left nothing.
   * @throws DomainError 409 `idempotency_in_progress` while the farm's contract may still turn up, `rent_interrupted`
   *   when the rental has been closed without one
   */
  async resume(id: string): Promise<Rental | undefined> {
    const rental = await this.opener.find(id);
    if (!rental || rental.contractId !== null) return rental ?? undefined;
    if (!isLive(rental.state)) throw rentInterrupted();
    const contract = await this.farms.findByLabel(rental);
    if (!contract) throw idempotencyInProgress(RETRY_AFTER_SECONDS);
    return this.recorder.contractMade(rental, contract);
  }

  /** Undoes `open`: the farm was never asked. */
  async withdraw(rental: Rental): Promise<void> {
    await this.transitions.fail(rental, 'not_rented', false);
  }

  /** The rental if the reconciler has found its contract before we did. */
  private async close(rental: Rental, error: unknown): Promise<Rental | undefined> {
    const isOutcomeUnknown = !isDomainError(error) || error.code === 'rent_outcome_unknown';
    const reason = isDomainError(error) ? error.code : 'rent_failed';
    if (await this.transitions.fail(rental, reason, isOutcomeUnknown)) return undefined;
    return this.opener.findAdopted(rental);
  }
}
