import { setMaxListeners } from 'node:events';
import { isDomainError } from '../../common/domain-error.js';
import type { ProviderName } from '../../providers/gpu-provider.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { CandidateSupply } from './candidates.js';
import type { GangError, GangOrder } from './gang-order.js';

/** Errors that concern our whole account at a farm: its other offers need not be tried. */
const ACCOUNT_WIDE = new Set(['provider_out_of_credit', 'provider_auth_failed', 'provider_not_configured']);

const TRIES_PER_MEMBER = 2;
const EXTRA_TRIES = 8;

/** The state of one gang while it is being rented. */
export class GangRun {
  readonly errors: GangError[] = [];
  hasSearchedAgain = false;
  private readonly doom = new AbortController();
  readonly signal: AbortSignal;
  private readonly priceByRental = new Map<string, number>();

  constructor(
    readonly order: GangOrder,
    readonly supply: CandidateSupply,
    deadline: AbortSignal,
  ) {
    this.signal = AbortSignal.any([deadline, this.doom.signal]);
    // Every member's calls listen to it, which is no leak.
    setMaxListeners(0, this.signal);
  }

  /**
   * No new rent may begin: the deadline passed, an atomic gang lost a member for good, or so much failed that the
   * farms are ill and trying the whole market would help nobody.
   */
  get isOver(): boolean {
    return this.signal.aborted || this.errors.length >= TRIES_PER_MEMBER * this.order.count + EXTRA_TRIES;
  }

  giveUp(): void {
    this.doom.abort(new DOMException('the gang is incomplete', 'AbortError'));
  }

  report(at: { provider: ProviderName; offerId: string }, error: unknown): void {
    const code = isDomainError(error) ? error.code : 'rent_failed';
    this.errors.push({ provider: at.provider, offer_id: at.offerId, code });
    if (ACCOUNT_WIDE.has(code)) this.supply.avoidProvider(at.provider);
    if (code === 'offer_gone') this.supply.exhaust(at);
  }

  /** What a replacement of `failed` may cost at the farm, so that the gang stays below its total. */
  priceLimitFor(failed: Rental, toProviderPrice: (ourPrice: number) => number): number {
    const { maxTotalPriceMicro } = this.order;
    if (maxTotalPriceMicro === undefined) return Infinity;
    const others = [...this.priceByRental].filter(([id]) => id !== failed.id);
    const spent = others.reduce((total, [, price]) => total + price, 0);
    return toProviderPrice((maxTotalPriceMicro - spent) / 1_000_000);
  }

  /** Keeps the books of the total: a member that takes the place of another takes its share too. */
  account(rental: Rental, instead?: Rental): void {
    if (instead) this.priceByRental.delete(instead.id);
    this.priceByRental.set(rental.id, rental.priceMicro);
  }
}
