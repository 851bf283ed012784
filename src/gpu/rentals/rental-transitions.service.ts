import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Origin } from '../../common/origin.js';
import { RentalMetering } from './rental-metering.service.js';
import type { Transition } from './rental-lifecycle.js';
import { RentalNews } from './rental-news.js';
import { RentalRepository } from './rental.repository.js';
import { RentalTrail } from './rental-trail.js';
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
    private readonly trail: RentalTrail,
    private readonly metering: RentalMetering,
    private readonly news: RentalNews,
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
  async stop(rental: Rental, reason: string, origin?: Origin): Promise<boolean> {
    const now = this.clock.now();
    const patch = { state: 'stopping', reason, since: now, endedAt: now, isServing: false } as const;
    const hasChanged = await this.change(rental, LIVE_STATES, patch, origin);
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
    if (!(await (isServing ? this.news.admitted(rental, write) : this.news.fenced(rental, write)))) return;
    Object.assign(rental, { isServing, servedAt });
    await this.news.announce(rental);
  }

  private async change(
    rental: Rental,
    from: readonly RentalState[],
    wanted: Partial<Rental>,
    origin?: Origin,
  ): Promise<boolean> {
    const patch = wanted.reason ? { ...wanted, reason: wanted.reason.slice(0, REASON_LENGTH) } : wanted;
    const write = (): Promise<boolean> => this.trail.change(rental, from, patch, origin);
    if (!(await (patch.isServing === false ? this.news.fenced(rental, write) : write()))) return false;
    const { state: before } = rental;
    Object.assign(rental, patch);
    const { id, state: to, reason } = rental;
    this.logger.log({ msg: 'rental changed', rental_id: id, from: before, to, reason });
    await this.news.announce(rental);
    return true;
  }
}
