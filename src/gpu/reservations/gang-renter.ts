import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { notEnoughOffers, totalPriceAboveLimit } from '../gpu.errors.js';
import { OfferPrices } from '../offers/offer-prices.js';
import { RentingService } from '../rentals/renting.service.js';
import type { Rental } from '../rentals/rental.entity.js';
import { CandidateSupply } from './candidates.js';
import { GangRun } from './gang-run.js';
import type { GangOrder, GangResult } from './gang-order.js';

/**
 * Rents several machines at once: plan (cheapest, distinct machines) -> write intents and hold the money for all ->
 * rent at all farms side by side, replacing a machine that is gone by the next one. What it returns exists; undoing
 * an incomplete gang is its caller's decision.
 */
@Injectable()
export class GangRenter {
  private readonly logger = new Logger(GangRenter.name);

  constructor(
    private readonly providers: ProvidersService,
    private readonly prices: OfferPrices,
    private readonly renting: RentingService,
    private readonly clock: Clock,
  ) {}

  async rent(order: GangOrder): Promise<GangResult> {
    const supply = new CandidateSupply(order.usedMachines);
    const run = new GangRun(order, supply, deadlineIn(order.deadlineAt - this.clock.now()));
    supply.add(await this.search(order));
    const plan = this.plan(order, supply);
    this.requireFreeSlots(plan, order);
    const opened = await this.openAll(plan, run);
    const filled = await Promise.all(opened.map((rental) => this.fill(rental, run)));
    return { rentals: filled.filter((rental) => rental !== undefined), errors: run.errors };
  }

  private async search(order: GangOrder): Promise<ProviderOffer[]> {
    const { offers } = await this.providers.searchAll(order.filters, {
      providers: order.providers,
      maxAgeMs: 0,
    });
    return offers;
  }

  private plan(order: GangOrder, supply: CandidateSupply): ProviderOffer[] {
    const plan = supply.takeMany(order.count);
    const isTooFew = order.isAtomic ? plan.length < order.count : plan.length === 0;
    if (isTooFew) throw notEnoughOffers(plan.length, order.count);
    if (this.totalOf(plan) > (order.maxTotalPriceMicro ?? Infinity)) throw totalPriceAboveLimit();
    return plan;
  }

  private totalOf(offers: readonly ProviderOffer[]): number {
    return offers.reduce((total, offer) => total + this.prices.of(offer).priceMicro, 0);
  }

  /** Refused before the first rent when a farm's queue of minimum intervals is longer than the time that is left. */
  private requireFreeSlots(plan: readonly ProviderOffer[], order: GangOrder): void {
    const leftMs = order.deadlineAt - this.clock.now();
    for (const name of new Set(plan.map((offer) => offer.provider))) {
      const ahead = plan.filter((offer) => offer.provider === name).length - 1;
      const delayMs = this.providers.byName(name).rentDelayMs(ahead);
      if (delayMs > leftMs) throw providerBusy(name, delayMs);
    }
  }

  /** Money for every member is held before the first one is rented, so that credit cannot run out half-way. */
  private async openAll(plan: readonly ProviderOffer[], run: GangRun): Promise<Rental[]> {
    const opened: Rental[] = [];
    for (const offer of plan) {
      try {
        opened.push(await this.open(offer, run));
      } catch (error) {
        run.report(offer, error);
        if (!run.order.isAtomic && opened.length > 0) return opened;
        await Promise.all(opened.map((rental) => this.renting.withdraw(rental)));
        throw error;
      }
    }
    return opened;
  }

  private async open(offer: ProviderOffer, run: GangRun, instead?: Rental): Promise<Rental> {
    const { userId, config, timeLimitMs, reservationId } = run.order;
    const rental = await this.renting.open({ userId, offer, config, timeLimitMs, reservationId });
    run.account(rental, instead);
    return rental;
  }

  /** Rents one member, on another machine as long as there is one; undefined when it cannot be had. */
  private async fill(first: Rental, run: GangRun): Promise<Rental | undefined> {
    let rental: Rental | undefined = first;
    while (rental) {
      if (run.isOver) {
        await this.renting.withdraw(rental);
        break;
      }
      const outcome = await this.tryRent(rental, run);
      if (outcome) return outcome;
      rental = await this.replace(rental, run);
    }
    if (run.order.isAtomic) run.giveUp();
    return undefined;
  }

  private async tryRent(rental: Rental, run: GangRun): Promise<Rental | undefined> {
    try {
      return await this.renting.fulfil(rental, run.order.config, run.signal);
    } catch (error) {
      this.logger.warn({
        msg: 'gang member not rented',
        rental_id: rental.id,
        provider: rental.provider,
        err: error,
      });
      run.report(rental, error);
      return undefined;
    }
  }

  /** The next machine that keeps the total within its bound; searched for once more when the first list is used up. */
  private async replace(failed: Rental, run: GangRun): Promise<Rental | undefined> {
    const offer = await this.nextOffer(failed, run);
    if (!offer || run.isOver) return undefined;
    try {
      return await this.open(offer, run, failed);
    } catch (error) {
      run.report(offer, error);
      return undefined;
    }
  }

  private async nextOffer(failed: Rental, run: GangRun): Promise<ProviderOffer | undefined> {
    const limit = run.priceLimitFor(failed, (ours) => this.prices.providerLimit(ours));
    const known = run.supply.take(limit);
    if (known || run.hasSearchedAgain) return known;
    run.hasSearchedAgain = true;
    run.supply.add(await this.search(run.order).catch(() => []));
    return run.supply.take(limit);
  }
}

function deadlineIn(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.max(1, ms));
}

function providerBusy(provider: string, delayMs: number): DomainError {
  return new DomainError('provider_busy', 503, `${provider} cannot take that many rents in time.`, {
    headers: { 'retry-after': String(Math.ceil(delayMs / 1000)) },
    data: { provider },
  });
}
