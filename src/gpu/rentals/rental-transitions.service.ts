import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { RentalMeterService } from '../../credits/metering/rental-meter.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import type { RentedContract } from '../../providers/gpu-provider.js';
import { DirectorySync } from '../pools/directory-sync.service.js';
import { RENTAL_UPDATED, type RentalUpdated } from './rental.events.js';
import type { Transition } from './rental-lifecycle.js';
import { RentalRepository } from './rental.repository.js';
import { isLive, LIVE_STATES, type FinalState, type RentalState } from './rental-state.js';
import type { Rental } from './rental.entity.js';

/**
 * The one door through which a rental changes its state. Every change is conditional on the state it was decided
 * upon, so an owner's DELETE, the reconciler and a dying process cannot undo each other; then the balancer's view
 * and the meter follow. Both are re-derived by the reconciler when the process dies in between.
 */
@Injectable()
export class RentalTransitions {
  private readonly logger = new Logger(RentalTransitions.name);

  constructor(
    private readonly rentals: RentalRepository,
    private readonly meter: RentalMeterService,
    private readonly directory: DirectorySync,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /**
   * The farm made the contract. It is recorded even when the rental has been ended meanwhile, so that the reconciler
   * destroys it.
   */
  async contractMade(rental: Rental, contract: RentedContract): Promise<Rental> {
    const now = this.clock.now();
    const instanceId = ProvidersService.instanceIdOf(rental.provider, contract.contractId);
    const patch = { contractId: contract.contractId, instanceId, contractAt: now };
    await this.rentals.setContract(rental.id, patch);
    Object.assign(rental, patch);
    await this.change(rental, ['requested'], { state: 'provisioning', since: now });
    return rental;
  }

  /** What the farm or the clock demands; false when somebody else was faster. */
  async apply(rental: Rental, transition: Transition): Promise<boolean> {
    const now = this.clock.now();
    const { state, reason, at, origins } = transition;
    const entersRunning = state === 'running' && rental.state !== 'running';
    const ends = !isLive(state);
    const hasChanged = await this.change(rental, [rental.state], {
      state,
      reason: reason ?? null,
      ...(state === rental.state ? {} : { since: now }),
      ...(origins ? { origins } : {}),
      ...(entersRunning ? { runningAt: at } : {}),
      ...(ends ? { endedAt: at, isServing: false } : {}),
    });
    if (!hasChanged) return false;
    if (entersRunning) await this.meter.start(rental.id, at);
    if (ends) await this.settle(rental);
    return true;
  }

  /** The rent did not happen, or its outcome is unknown: `isContractPossible` keeps the reconciler looking for it. */
  async fail(rental: Rental, reason: string, isContractPossible: boolean): Promise<void> {
    const at = this.clock.now();
    await this.apply(rental, { state: 'failed', reason, at });
    if (!isContractPossible) await this.contractGone(rental);
  }

  /** The owner (or a reservation) ends it. Charging stops here, whatever the farm still does. */
  async stop(rental: Rental, reason: string): Promise<boolean> {
    const now = this.clock.now();
    const patch = { state: 'stopping', reason, since: now, endedAt: now, isServing: false } as const;
    const hasChanged = await this.change(rental, LIVE_STATES, patch);
    if (hasChanged) await this.settle(rental);
    return hasChanged;
  }

  /** The farm confirmed that nothing is left. */
  async contractGone(rental: Rental): Promise<void> {
    const now = this.clock.now();
    await this.rentals.markContractGone(rental.id, now);
    rental.contractGoneAt ??= now;
    if (rental.state !== 'stopping') return;
    const final: FinalState = 'destroyed';
    await this.change(rental, ['stopping'], { state: final, since: now });
  }

  /** Its service began or ceased to answer. */
  async setServing(rental: Rental, isServing: boolean): Promise<void> {
    if (rental.isServing === isServing) return;
    const servedAt = rental.servedAt ?? (isServing ? this.clock.now() : null);
    if (!(await this.rentals.setServing(rental.id, { isServing, servedAt }))) return;
    Object.assign(rental, { isServing, servedAt });
    await this.announce(rental);
  }

  /** The last charge and the freeing of the hold; safe to repeat. */
  async settle(rental: Rental): Promise<void> {
    await this.meter.finish(rental.id, rental.endedAt ?? this.clock.now());
    await this.rentals.markSettled(rental.id, this.clock.now());
  }

  private async change(
    rental: Rental,
    from: readonly RentalState[],
    patch: Partial<Rental>,
  ): Promise<boolean> {
    if (!(await this.rentals.updateFrom(rental.id, from, patch))) return false;
    const before = rental.state;
    Object.assign(rental, patch);
    this.logger.log({
      msg: 'rental changed',
      rental_id: rental.id,
      from: before,
      to: rental.state,
      reason: rental.reason,
    });
    await this.announce(rental);
    return true;
  }

  private async announce(rental: Rental): Promise<void> {
    await this.directory.ownerChanged(rental.userId);
    const { id: rentalId, instanceId, state, reason, isServing: serving } = rental;
    const data: RentalUpdated = { rentalId, instanceId, state, reason, serving };
    this.events.emit({ name: RENTAL_UPDATED, userId: rental.userId, at: this.clock.now(), data });
  }
}
