import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { RentingService } from '../rentals/renting.service.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { CandidateSupply } from './candidates.js';
import type { GangOrder, GangResult } from './gang-order.js';
import { GangPlanner } from './gang-planner.js';
import { GangRun } from './gang-run.js';

/**
 * Rents several machines at once: plan (cheapest, distinct machines) -> write intents and hold the money for all ->
 * rent at all farms side by side, replacing a machine that is gone by the next one. What it returns exists; undoing
 * an incomplete gang is its caller's decision.
 */
@Injectable()
export class GangRenter {
  private readonly logger = new Logger(GangRenter.name);

  constructor(
    private readonly planner: GangPlanner,
    private readonly renting: RentingService,
    private readonly clock: Clock,
  ) {}

  async rent(order: GangOrder): Promise<GangResult> {
    const supply = this.planner.supplyFor(order);
    try {
      return await this.rentFrom(supply, order);
    } finally {
      supply.endClaims();
    }
  }

  private async rentFrom(supply: CandidateSupply, order: GangOrder): Promise<GangResult> {
    const run = new GangRun(order, supply, order.deadlineAt - this.clock.now());
    supply.add(await this.planner.search(order));
    const plan = this.planner.plan(order, supply);
    const opened = await this.openAll(plan, run);
    const filled = await Promise.all(opened.map((rental, member) => this.fill(member, rental, run)));
    return { rentals: filled.filter((rental) => rental !== undefined), errors: run.errors };
  }

  /** Money for every member is held before the first one is rented, so that credit cannot run out half-way. */
  private async openAll(plan: readonly ProviderOffer[], run: GangRun): Promise<Rental[]> {
    const opened: Rental[] = [];
    for (const offer of plan) {
      try {
        opened.push(await this.open(offer, run));
        run.assign(opened.length - 1, this.planner.priceMicro(offer));
      } catch (error) {
        run.report(offer, error);
        if (!run.order.isAtomic && opened.length > 0) return opened;
        await Promise.all(opened.map((rental) => this.renting.withdraw(rental)));
        throw error;
      }
    }
    return opened;
  }

  private open(offer: ProviderOffer, run: GangRun): Promise<Rental> {
    const { userId, config, timeLimitMs, reservationId, origin } = run.order;
    const id = run.nextRentalId();
    return this.renting.open({ id, userId, offer, config, timeLimitMs, reservationId, origin });
  }

  /** Rents one member, on another machine as long as there is one; undefined when it cannot be had. */
  private async fill(member: number, first: Rental, run: GangRun): Promise<Rental | undefined> {
    let rental: Rental | undefined = first;
    while (rental) {
      if (run.isOver) {
        await this.renting.withdraw(rental);
        break;
      }
      const outcome = await this.tryRent(rental, run);
      if (outcome) return outcome;
      rental = await this.replace(member, run);
    }
    run.release(member);
    if (run.order.isAtomic) run.giveUp();
    return undefined;
  }

  /** A member that was ended meanwhile is still one: its contract existed. */
  private async tryRent(rental: Rental, run: GangRun): Promise<Rental | undefined> {
    try {
      return await this.renting.fulfil(rental, run.order.config, run.signal);
    } catch (error) {
      const { id, provider } = rental;
      this.logger.warn({ msg: 'gang member not rented', rental_id: id, provider, err: error });
      run.report(rental, error);
      return undefined;
    }
  }

  private async replace(member: number, run: GangRun): Promise<Rental | undefined> {
    const offer = await this.nextOffer(member, run);
    if (!offer || run.isOver) return undefined;
    try {
      return await this.open(offer, run);
    } catch (error) {
      run.report(offer, error);
      return undefined;
    }
  }

  /** Searched for once more when the first list is used up. */
  private async nextOffer(member: number, run: GangRun): Promise<ProviderOffer | undefined> {
    const priceMicro = (offer: ProviderOffer): number => this.planner.priceMicro(offer);
    const known = run.takeFor(member, priceMicro);
    if (known || run.hasSearchedAgain || run.isOver) return known;
    run.hasSearchedAgain = true;
    run.supply.add(await this.searchAgain(run));
    return run.takeFor(member, priceMicro);
  }

  /** Without an answer the gang has to do with what it has. */
  private async searchAgain({ order }: GangRun): Promise<ProviderOffer[]> {
    try {
      return await this.planner.search(order);
    } catch (error) {
      this.logger.warn({ msg: 'no further offers', reservation_id: order.reservationId, err: error });
      return [];
    }
  }
}
