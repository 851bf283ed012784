import type { Clock } from '../../common/clock.js';
import type { BalancingMember, BalancingStrategy } from './balancing-strategy.js';
import { RankedHeap, type RankedNode } from './ranked-heap.js';

interface Candidate extends RankedNode {
  /** Average cost of a recent request in ms; undefined while nothing is known. */
  costMs?: number;
  /** Its place among those whose samples age out, ranked by when. */
  readonly expiry: RankedNode;
}

/** Smaller differences are below the clock's resolution, and a cost of 0 would hide the open connections. */
const LEAST_COST_MS = 1;

/** Members re-scored per pick because samples have aged out: more than picks can bring about, never all at once. */
const REFRESHES_PER_PICK = 4;

/**
 * The member whose first byte is expected soonest: average time to first byte x (1 + open connections) / weight, as
 * traefik's least-time balancer scores it.
 *
 * A member without recent samples (new, or passed over for so long that they have aged out) gets one request before
 * all others. While that one is on its way the member counts as an average one: a flood before the first answer
 * would hit hardest where the answer is slow.
 */
export class LeastResponseTimeStrategy implements BalancingStrategy {
  readonly name = 'least_response_time';
  private readonly candidates = new Map<string, Candidate>();
  private readonly measured = new RankedHeap();
  /** Ranked by (1 + open connections) / weight, those without connections at 0. */
  private readonly unmeasured = new RankedHeap();
  private readonly expiries = new RankedHeap();
  private costSumMs = 0;
  private turns = 0;

  constructor(private readonly clock: Clock) {}

  add(member: BalancingMember): void {
    if (this.candidates.has(member.id)) return;
    const expiry = { member, rank: 0, turn: 0, position: -1 };
    const candidate = { member, rank: 0, turn: ++this.turns, position: -1, expiry };
    this.candidates.set(member.id, candidate);
    this.enter(candidate);
  }

  remove({ id }: BalancingMember): void {
    const candidate = this.candidates.get(id);
    if (!candidate) return;
    this.candidates.delete(id);
    this.leave(candidate);
  }

  changed({ id }: BalancingMember): void {
    const candidate = this.candidates.get(id);
    if (!candidate) return;
    this.leave(candidate);
    this.enter(candidate);
  }

  pick(exclude: ReadonlySet<string>): BalancingMember | undefined {
    this.refreshExpired();
    const known = this.measured.firstExcept(exclude);
    const unknown = this.unmeasured.firstExcept(exclude);
    const chosen = unknown && (!known || this.isSooner(unknown, known)) ? unknown : known;
    if (!chosen) return undefined;
    chosen.turn = ++this.turns;
    (chosen === known ? this.measured : this.unmeasured).update(chosen);
    return chosen.member;
  }

  private isSooner(unknown: RankedNode, known: RankedNode): boolean {
    return unknown.rank * (this.costSumMs / this.measured.size) < known.rank;
  }

  private enter(candidate: Candidate): void {
    const { stats, weight } = candidate.member;
    const now = this.clock.now();
    const cost = stats.responseTimes.costMs(now);
    const load = (1 + stats.active) / weight;
    candidate.costMs = cost === undefined ? undefined : Math.max(cost, LEAST_COST_MS);
    if (candidate.costMs === undefined) {
      candidate.rank = stats.active === 0 ? 0 : load;
      this.unmeasured.add(candidate);
      return;
    }
    candidate.rank = candidate.costMs * load;
    candidate.expiry.rank = stats.responseTimes.expiresAt ?? now;
    this.costSumMs += candidate.costMs;
    this.measured.add(candidate);
    this.expiries.add(candidate.expiry);
  }

  private leave(candidate: Candidate): void {
    if (candidate.costMs === undefined) return this.unmeasured.remove(candidate);
    this.measured.remove(candidate);
    this.expiries.remove(candidate.expiry);
    // Sums of fractions drift; an empty pool is exactly 0 again.
    this.costSumMs = this.measured.size > 0 ? this.costSumMs - candidate.costMs : 0;
  }

  private refreshExpired(): void {
    const now = this.clock.now();
    for (let budget = REFRESHES_PER_PICK; budget > 0; budget -= 1) {
      const due = this.expiries.first;
      if (!due || due.rank > now) return;
      this.changed(due.member);
    }
  }
}
