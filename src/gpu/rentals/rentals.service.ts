import { Injectable } from '@nestjs/common';
import type { Origin } from '../../common/origin.js';
import type { Attempt } from '../../database/idempotency.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { notPrepaid, rentalEnded, rentalNotFound } from '../gpu.errors.js';
import { TermExtender } from '../reconciler/term-extender.js';
import { ContractCleaner } from './contract-cleaner.js';
import { RentalRepository } from './rental.repository.js';
import type { DestroyedRentalView } from './rental.view.js';
import { RentalTransitions } from './rental-transitions.service.js';
import { isLive } from './rental-state.js';
import type { Rental } from './rental.entity.js';

/** A farm that confirms at once lets DELETE answer `destroyed`; the others are confirmed by the reconciler. */
const CONFIRM_WITHIN_MS = 5000;

/** Ending and extending what one holds. */
@Injectable()
export class RentalsService {
  constructor(
    private readonly rentals: RentalRepository,
    private readonly providers: ProvidersService,
    private readonly transitions: RentalTransitions,
    private readonly cleaner: ContractCleaner,
    private readonly extender: TermExtender,
  ) {}

  /** Ends the rental now: no charge from here on. Repeated, it tells the state. */
  async destroy(
    userId: string,
    providerName: string,
    id: string,
    origin?: Origin,
  ): Promise<DestroyedRentalView> {
    const rental = await this.find(userId, providerName, id);
    await this.transitions.stop(rental, 'destroyed_by_owner', origin);
    await this.cleaner.destroyAndConfirm(rental, CONFIRM_WITHIN_MS);
    const { state } = (await this.rentals.findById(rental.id)) ?? rental;
    return { message: destroyMessage(state), rental_id: rental.id, state };
  }

  /** Buys more hours at a farm that is paid ahead. */
  async extend(rental: Rental, hours: number, attempt: Attempt): Promise<void> {
    if (!isLive(rental.state)) throw rentalEnded(rental.state);
    if (!this.providers.byName(rental.provider).isPrepaid) throw notPrepaid(rental.provider);
    await this.extender.extendPaid(rental, hours, attempt);
  }

  private async find(userId: string, providerName: string, id: string): Promise<Rental> {
    const provider = this.providers.byNameInPath(providerName);
    const bare = ProvidersService.parseOfferId(id, provider);
    const candidates = [id, bare, `${provider.idPrefix}-${bare}`];
    for (const candidate of new Set(candidates)) {
      const rental = await this.rentals.findOwnedByAnyId(userId, provider.name, candidate);
      if (rental) return rental;
    }
    throw rentalNotFound();
  }
}

function destroyMessage(state: Rental['state']): string {
  if (state === 'stopping') return 'The rental has ended; the farm is destroying the instance.';
  if (state === 'destroyed') return 'Instance destroyed.';
  return `The rental is ${state} already.`;
}
