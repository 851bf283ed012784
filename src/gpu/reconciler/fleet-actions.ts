import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { GpuProvider } from '../../providers/gpu-provider.js';
import type { Rental } from '../rentals/rental.entity.js';
import { BackgroundCalls } from '../background-calls.js';
import type { FleetAction } from './fleet-comparison.js';
import { MissingContracts } from './missing-contracts.js';
import { OrphanContracts } from './orphan-contracts.js';
import { RentalFollower } from './rental-follower.js';
import { Sightings } from './sightings.js';

/** Listings in a row that must agree before something unlikely is believed. */
const SIGHTINGS_TO_BELIEVE = 2;

/** Carries out what the comparison of the fleets demands. Nothing here waits in a farm's queue. */
@Injectable()
export class FleetActions {
  private readonly logger = new Logger(FleetActions.name);
  private readonly missing: Sightings;
  private readonly orphans: Sightings;
  private readonly background = new BackgroundCalls();

  constructor(
    clock: Clock,
    private readonly follower: RentalFollower,
    private readonly missingContracts: MissingContracts,
    private readonly orphanContracts: OrphanContracts,
  ) {
    this.missing = new Sightings(clock);
    this.orphans = new Sightings(clock);
  }

  async carryOut(farm: GpuProvider, action: FleetAction): Promise<void> {
    try {
      await this.dispatch(farm, action);
    } catch (error) {
      const which = { action: action.kind, provider: farm.name };
      this.logger.warn({ msg: 'not reconciled, will be repeated', ...which, err: error });
    }
  }

  private async dispatch(farm: GpuProvider, action: FleetAction): Promise<void> {
    switch (action.kind) {
      case 'observe':
        this.missing.clear(action.rental.id);
        return this.follower.observe(action.rental, action.contract);
      case 'adopt':
        return this.follower.adopt(action.rental, action.contract);
      case 'destroy':
        this.missing.clear(action.rental.id);
        return this.follower.destroy(action.rental, action.contract);
      case 'missing':
        return this.suspect(farm, action.rental);
      case 'forget':
        return this.follower.forget(action.rental);
      case 'interrupted':
        return this.follower.interrupted(action.rental);
      case 'orphan':
        if (this.orphans.add(action.contract.contractId).count < SIGHTINGS_TO_BELIEVE) return;
        return this.orphanContracts.end(farm, action.contract);
    }
  }

  /** The list may lag or lie: only when it says so twice, and the farm's own answer agrees, is the contract gone. */
  private suspect(farm: GpuProvider, rental: Rental): void {
    const missing = this.missing.add(rental.id);
    if (missing.count < SIGHTINGS_TO_BELIEVE) return;
    this.background.begin(`missing ${rental.id}`, () => this.missingContracts.confirm(farm, rental, missing));
  }
}
