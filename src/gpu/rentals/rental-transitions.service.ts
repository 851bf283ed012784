import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { DirectorySync } from '../pools/directory-sync.service.js';
import { RentalMetering } from './rental-metering.service.js';
import { RENTAL_UPDATED, type RentalUpdated } from './rental.events.js';
import type { Transition } from './rental-lifecycle.js';
import { RentalRepository } from './rental.repository.js';
import { isLive, LIVE_STATES, type RentalState } from './rental-state.js';
import { REASON_LENGTH, type Rental } from './rental.entity.js';

/**
 * The one door through which a rental changes its state. Every change is conditional on the state it was decided
 * upon, so an owner's DELETE, the reconciler and a dying process cannot undo each other; then the balancer's view
 * and the meter follow. Both are re-derived by jobs when that fails or the process dies in between.
 */
@Injectable()
export class RentalTransitions {
  private readonly logger = new Logger(RentalTransitions.name);

  constructor(
    private readonly rentals: RentalRepository,
    private readonly metering: RentalMetering,
    private readonly directory: DirectorySync,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /** The farm made the contract; false when the rental was ended meanwhile. */
  provisioned(rental: Rental): Promise<boolean> {
    return this.change(rental, ['requested'], { state: 'provisioning', since: this.clock.now() });
  }

  /** What the farm or the clock demands; false when somebody else was faster. */
  async apply(rental: Rental, transition: Transition): Promise<boolean> {
    const { state, reason, at, origins } = transition;
    const entersRunning = state === 'running' && rental.state !== 'running';
    const ends = !isLive(state);
    const hasChanged = await this.change(rental, [rental.state], {
      state,
      reason: reason ?? null,
      ...(state === rental.state ? {} : { since: this.clock.now() }),
      ...(origins ? { origins } : {}),
      ...(entersRunning ? { runningAt: at } : {}),
      ...(ends ? { endedAt: at, isServing: false } : {}),
    });
    if (hasChanged && entersRunning) await this.metering.start(rental);
    if (hasChanged && ends) await this.metering.finish(rental);
    return hasChanged;
  }

  /**
   * The rent did not happen, or its outcome is unknown: `isContractPossible` keeps the reconciler looking for it.
   * False when the rental is no longer where it was.
   */
  async fail(rental: Rental, reason: string, isContractPossible: boolean): Promise<boolean> {
    const hasFailed = await this.apply(rental, { state: 'failed', reason, at: this.clock.now() });
    if (!isContractPossible) await this.contractGone(rental);
    return hasFailed;
  }

  /** The owner (or a reservation) ends it. Charging stops here, whatever the farm still does. */
  async stop(rental: Rental, reason: string): Promise<boolean> {
    const now = this.clock.now();
    const patch = { state: 'stopping', reason, since: now, endedAt: now, isServing: false } as const;
    const hasChanged = await this.change(rental, LIVE_STATES, patch);
    if (hasChanged) await this.metering.finish(rental);
    return hasChanged;
  }

  /**
   * The farm confirmed that nothing is left. What `rental` says may be old by now, so the row decides; the mark comes
   * last, because nobody looks after a row any more that has it.
   */
  async contractGone(rental: Rental): Promise<void> {
    const now = this.clock.now();
    await this.change(rental, ['stopping'], { state: 'destroyed', since: now });
    await this.rentals.markContractGone(rental.id, now);
    rental.contractGoneAt ??= now;
  }

  /** Its service began or ceased to answer. */
  async setServing(rental: Rental, isServing: boolean): Promise<void> {
    if (rental.isServing === isServing) return;
    const servedAt = rental.servedAt ?? (isServing ? this.clock.now() : null);
    const write = (): Promise<boolean> => this.rentals.setServing(rental.id, { isServing, servedAt });
    if (!(await (isServing ? write() : this.fenced(rental, write)))) return;
    Object.assign(rental, { isServing, servedAt });
    await this.announce(rental);
  }

  private async change(
    rental: Rental,
    from: readonly RentalState[],
    wanted: Partial<Rental>,
  ): Promise<boolean> {
    const patch = wanted.reason ? { ...wanted, reason: wanted.reason.slice(0, REASON_LENGTH) } : wanted;
    const write = (): Promise<boolean> => this.rentals.updateFrom(rental.id, from, patch);
    if (!(await (patch.isServing === false ? this.fenced(rental, write) : write()))) return false;
    const { state: before } = rental;
    Object.assign(rental, patch);
    const { id, state: to, reason } = rental;
    this.logger.log({ msg: 'rental changed', rental_id: id, from: before, to, reason });
    await this.announce(rental);
    return true;
  }

  /** Its traffic ends before the row says so; it goes on when the row does not come to say so. */
  private async fenced(rental: Rental, write: () => Promise<boolean>): Promise<boolean> {
    this.directory.fence(rental);
    let isWritten = false;
    try {
      isWritten = await write();
      return isWritten;
    } finally {
      if (!isWritten) await this.directory.ownerChanged(rental.userId);
    }
  }

  private async announce(rental: Rental): Promise<void> {
    await this.directory.ownerChanged(rental.userId);
    const { id: rentalId, reservationId, instanceId, state, reason, isServing: serving } = rental;
    const data: RentalUpdated = { rentalId, reservationId, instanceId, state, reason, serving };
    this.events.emit({ name: RENTAL_UPDATED, userId: rental.userId, at: this.clock.now(), data });
  }
}
