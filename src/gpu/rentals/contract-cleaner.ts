import { Injectable, Logger } from '@nestjs/common';
import { deadlineSignal, withinDeadline } from '../../common/abort.js';
import { DomainError } from '../../common/domain-error.js';
import type { ProviderContract } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { DestroyCalls } from './destroy-calls.js';
import type { Rental } from './rental.entity.js';
import { RentalTransitions } from './rental-transitions.service.js';

/** Ends contracts at the farms. What does not succeed here is tried again by the reconciler until the farm confirms. */
@Injectable()
export class ContractCleaner {
  private readonly logger = new Logger(ContractCleaner.name);

  constructor(
    private readonly providers: ProvidersService,
    private readonly transitions: RentalTransitions,
    private readonly calls: DestroyCalls,
  ) {}

  /** Asks the farm to end the contract and does not wait for it. */
  destroyLater(rental: Rental): void {
    void this.destroy(rental);
  }

  /** Asks, and looks once whether the farm has confirmed; goes on by itself after `withinMs`. */
  async destroyAndConfirm(rental: Rental, withinMs: number): Promise<void> {
    const { contractId } = rental;
    if (contractId === null || rental.contractGoneAt !== null) return;
    const signal = deadlineSignal(withinMs);
    try {
      if (!(await withinDeadline(this.destroy(rental), withinMs, notYetAnswered))) return;
      const left = await this.providers.byName(rental.provider).showContract(contractId, { signal });
      if (!standing(left, rental)) await this.transitions.contractGone(rental);
    } catch (error) {
      this.logger.debug({ msg: 'end not confirmed yet', rental_id: rental.id, err: error });
    }
  }

  /** Ends several rentals for one reason: no charge from here on, their contracts go as fast as the farms allow. */
  async endAll(rentals: readonly Rental[], reason: string): Promise<void> {
    for (const rental of rentals) {
      await this.transitions.stop(rental, reason);
      this.destroyLater(rental);
    }
  }

  /** Waits until the farms have taken the destroys of these rentals, or `withinMs` have passed. */
  async whenTaken(rentals: readonly Rental[], withinMs: number): Promise<void> {
    const taken = Promise.all(rentals.map((rental) => this.destroy(rental)));
    await withinDeadline(taken, withinMs, notYetAnswered).catch((error: unknown) => {
      this.logger.warn({ msg: 'contracts are still being given back', count: rentals.length, err: error });
    });
  }

  private async destroy({ provider, contractId, label, contractGoneAt }: Rental): Promise<boolean> {
    return contractId === null || contractGoneAt !== null || this.calls.ask({ provider, contractId, label });
  }
}

/**
 * The contract if it stands and is this rental's. With somebody else's label it only has the same id: machines of
 * one's own are always called the same.
 */
export function standing(
  contract: ProviderContract | undefined,
  { label }: Pick<Rental, 'label'>,
): ProviderContract | undefined {
  if (!contract || contract.state === 'gone') return undefined;
  return contract.label === null || contract.label === label ? contract : undefined;
}

const notYetAnswered = (): DomainError =>
  new DomainError('provider_busy', 503, 'The farm has not answered in time.');
