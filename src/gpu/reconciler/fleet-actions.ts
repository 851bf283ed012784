import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import type { GpuProvider, ProviderContract } from '../../providers/gpu-provider.js';
import { ContractCleaner } from '../rentals/contract-cleaner.js';
import { transitionFor } from '../rentals/rental-lifecycle.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { isLive } from '../rentals/rental-state.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { FleetAction } from './fleet-comparison.js';
import { Sightings } from './sightings.js';

/** Listings in a row that must agree before something unlikely is believed. */
const SIGHTINGS_TO_BELIEVE = 2;
/** A destroy that the farm took is not repeated sooner, however long the contract shows on. */
const DESTROY_AGAIN_MS = 15_000;

/** Carries out what the comparison of the fleets demands. */
@Injectable()
export class FleetActions {
  private readonly logger = new Logger(FleetActions.name);
  private readonly offline = new Sightings();
  private readonly missing = new Sightings();
  private readonly orphans = new Sightings();
  private readonly destroyAskedAt = new Map<string, number>();

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rentals: RentalRepository,
    private readonly transitions: RentalTransitions,
    private readonly cleaner: ContractCleaner,
  ) {}

  async carryOut(farm: GpuProvider, action: FleetAction): Promise<void> {
    try {
      await this.dispatch(farm, action);
    } catch (error) {
      this.logger.warn({
        msg: 'not reconciled, will be repeated',
        action: action.kind,
        provider: farm.name,
        err: error,
      });
    }
  }

  private async dispatch(farm: GpuProvider, action: FleetAction): Promise<void> {
    switch (action.kind) {
      case 'observe':
        return this.observe(action.rental, action.contract);
      case 'adopt':
        await this.transitions.contractMade(action.rental, action.contract);
        return this.observe(action.rental, action.contract);
      case 'destroy':
        return this.destroy(action.rental, action.contract);
      case 'missing':
        return this.confirmMissing(farm, action.rental);
      case 'forget':
        return this.forget(action.rental);
      case 'interrupted':
        return this.transitions.fail(action.rental, 'rent_interrupted', true);
      case 'orphan':
        return this.orphan(farm, action.contract);
    }
  }

  private async observe(rental: Rental, contract: ProviderContract): Promise<void> {
    this.missing.clear(rental.id);
    const offlineSightings =
      contract.state === 'offline' ? this.offline.add(rental.id) : this.offline.clear(rental.id);
    if (offlineSightings > 0) await this.transitions.setServing(rental, false);
    if (contract.endsAt !== undefined && contract.endsAt !== rental.endsAt) {
      await this.rentals.setEndsAt(rental.id, contract.endsAt);
      rental.endsAt = contract.endsAt;
    }
    const transition = transitionFor(rental, contract, this.clock.now(), {
      limits: this.config.gpu,
      offlineSightings,
    });
    if (!transition || !(await this.transitions.apply(rental, transition))) return;
    if (isLive(rental.state)) return;
    if (contract.state === 'gone') await this.forget(rental);
    else await this.destroy(rental, contract);
  }

  /** Also when the rental failed before we knew its contract: then the contract is recorded first. */
  private async destroy(rental: Rental, contract: ProviderContract): Promise<void> {
    const now = this.clock.now();
    if (now - (this.destroyAskedAt.get(rental.id) ?? -Infinity) < DESTROY_AGAIN_MS) return;
    if (rental.contractId === null) await this.transitions.contractMade(rental, contract);
    this.destroyAskedAt.set(rental.id, now);
    if (!(await this.cleaner.destroy(rental))) this.destroyAskedAt.delete(rental.id);
  }

  /** The list may lag or lie: only when it says so twice, and the farm's own answer agrees, is the contract gone. */
  private async confirmMissing(farm: GpuProvider, rental: Rental): Promise<void> {
    if (this.missing.add(rental.id) < SIGHTINGS_TO_BELIEVE || rental.contractId === null) return;
    const contract = await farm.showContract(rental.contractId, {});
    if (contract && contract.state !== 'gone') {
      return isLive(rental.state) ? this.observe(rental, contract) : this.destroy(rental, contract);
    }
    if (isLive(rental.state)) {
      const state = rental.state === 'running' ? 'lost' : 'failed';
      await this.transitions.apply(rental, { state, reason: 'contract_gone', at: this.clock.now() });
    }
    await this.forget(rental);
  }

  private async forget(rental: Rental): Promise<void> {
    await this.transitions.contractGone(rental);
    this.missing.clear(rental.id);
    this.offline.clear(rental.id);
    this.destroyAskedAt.delete(rental.id);
  }

  /** A contract with our mark that no open rental claims: it costs money and nobody uses it. */
  private async orphan(farm: GpuProvider, contract: ProviderContract): Promise<void> {
    const rental = contract.label === null ? null : await this.rentals.findByLabel(contract.label);
    if (rental && isLive(rental.state)) return;
    if (this.orphans.add(contract.contractId) < SIGHTINGS_TO_BELIEVE) return;
    this.logger.error({
      msg: 'contract without a rental, destroying it',
      provider: farm.name,
      contract_id: contract.contractId,
      rental_id: rental?.id,
    });
    await farm.destroyContract(contract.contractId, {});
  }
}
