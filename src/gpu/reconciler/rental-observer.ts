import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import type { ProviderContract } from '../../providers/gpu-provider.js';
import { ContractCleaner } from '../rentals/contract-cleaner.js';
import { transitionFor, type Absence } from '../rentals/rental-lifecycle.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { isLive } from '../rentals/rental-state.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import type { Rental } from '../rentals/rental.entity.js';
import { Sightings } from './sightings.js';

/** Ends of a term are computed from rounded minutes; a smaller move is none. */
const SAME_END_MS = 90_000;

/** Lets a rental follow what its farm shows. */
@Injectable()
export class RentalObserver {
  private readonly offline: Sightings;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rentals: RentalRepository,
    private readonly transitions: RentalTransitions,
    private readonly cleaner: ContractCleaner,
  ) {
    this.offline = new Sightings(clock);
  }

  async observe(rental: Rental, contract: ProviderContract): Promise<void> {
    const offline = await this.fenceOffline(rental, contract);
    await this.followTerm(rental, contract);
    const limits = this.config.gpu;
    const transition = transitionFor(rental, contract, this.clock.now(), { limits, offline });
    if (!transition || !(await this.transitions.apply(rental, transition))) return;
    if (isLive(rental.state)) return;
    if (contract.state === 'gone') await this.transitions.contractGone(rental);
    else this.cleaner.destroyLater(rental);
  }

  /** A host that is away gets no new requests from the first sighting on; the prober lets it back in. */
  private async fenceOffline(rental: Rental, { state }: ProviderContract): Promise<Absence | undefined> {
    if (state !== 'offline') {
      this.offline.clear(rental.id);
      return undefined;
    }
    await this.transitions.setServing(rental, false);
    return this.offline.add(rental.id);
  }

  private async followTerm(rental: Rental, contract: ProviderContract): Promise<void> {
    if (contract.endsAt === undefined) return;
    const endsAt = Math.round(contract.endsAt);
    if (rental.endsAt !== null && Math.abs(endsAt - rental.endsAt) < SAME_END_MS) return;
    await this.rentals.setEndsAt(rental.id, endsAt);
    rental.endsAt = endsAt;
  }
}
