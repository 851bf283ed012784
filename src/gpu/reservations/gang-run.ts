import { setMaxListeners } from 'node:events';
import { isDomainError } from '../../common/domain-error.js';
import type { ProviderName, ProviderOffer } from '../../providers/gpu-provider.js';
import type { CandidateSupply } from './candidates.js';
import type { GangError, GangOrder } from './gang-order.js';

/** Errors that concern our whole account at a farm: its other offers need not be tried. */
const ACCOUNT_WIDE = new Set(['provider_out_of_credit', 'provider_auth_failed', 'provider_not_configured']);

const TRIES_PER_MEMBER = 2;
const EXTRA_TRIES = 8;

/** The state of one gang while it is being rented. Its members are numbered from 0. */
export class GangRun {
  readonly errors: GangError[] = [];
  hasSearchedAgain = false;
  readonly signal: AbortSignal;
  private rentalsOpened = 0;
  private readonly doom = new AbortController();
  private readonly priceMicroOf = new Map<number, number>();

  constructor(
    readonly order: GangOrder,
    readonly supply: CandidateSupply,
    leftMs: number,
  ) {
    const ends = [AbortSignal.timeout(Math.max(1, leftMs)), this.doom.signal, order.canceled];
    this.signal = AbortSignal.any(ends.filter((signal) => signal !== undefined));
    // Every member's calls listen to it, which is no leak.
    setMaxListeners(0, this.signal);
  }

  /**
   * No new rent may begin: the deadline passed, the gang is no longer wanted, an atomic one lost a member for good, or
   * so much failed that the farms are ill and trying the whole market would help nobody.
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

  /** The id of the next rental; undefined = any new one. */
  nextRentalId(): string | undefined {
    return this.order.rentalIds?.[this.rentalsOpened++];
  }

  /** Its price counts from here on, before the machine is asked for: members are replaced side by side. */
  assign(member: number, priceMicro: number): void {
    this.priceMicroOf.set(member, priceMicro);
  }

  /** It cannot be had: what it would have cost is free for the others. */
  release(member: number): void {
    this.priceMicroOf.delete(member);
  }

  /** The next machine that keeps the gang's total within its bound. */
  takeFor(member: number, priceMicro: (offer: ProviderOffer) => number): ProviderOffer | undefined {
    const leftMicro = this.leftFor(member);
    const offer = this.supply.take((candidate) => priceMicro(candidate) <= leftMicro);
    if (offer) this.assign(member, priceMicro(offer));
    return offer;
  }

  private leftFor(member: number): number {
    const others = [...this.priceMicroOf].filter(([other]) => other !== member);
    const spentMicro = others.reduce((total, [, price]) => total + price, 0);
    return (this.order.maxTotalPriceMicro ?? Infinity) - spentMicro;
  }
}
