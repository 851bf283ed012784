import type { BalancingMember, BalancingStrategy } from './balancing-strategy.js';
import { RankedHeap, type RankedNode } from './ranked-heap.js';

interface Turn extends RankedNode {
  /** The weight that the order was built with. */
  weight: number;
  /** Virtual time from which the member's next turn is due; its deadline is `1 / weight` later. */
  start: number;
  queue: RankedHeap<Turn>;
}

/**
 * Turns in proportion to weights, fractions included, spread evenly: the earliest deadline first among the members
 * whose turn is due. Virtual time advances by 1/(sum of weights) a pick, so a member of weight w is owed w turns per
 * unit. Holding back those that are ahead keeps a heavy member from taking its share in one run: while nobody comes
 * or goes, every member is within one turn of its exact share after any number of picks (Stoica and Abdel-Wahab,
 * "Earliest Eligible Virtual Deadline First", 1995; Linux shares out its processors this way).
 */
export class WeightedRoundRobinStrategy implements BalancingStrategy {
  readonly name = 'weighted_round_robin';
  private readonly turnOf = new Map<string, Turn>();
  /** Ranked by deadline. */
  private readonly due = new RankedHeap<Turn>();
  /** Ranked by start; some may have become due since. */
  private readonly waiting = new RankedHeap<Turn>();
  private virtualTime = 0;
  private totalWeight = 0;
  /** At least the largest weight of the pool. */
  private weightBound = 0;
  private turns = 0;

  add(member: BalancingMember): void {
    if (this.turnOf.has(member.id)) return;
    const { virtualTime: start, due: queue } = this;
    const turn: Turn = { member, weight: 0, start, queue, rank: 0, turn: ++this.turns, position: -1 };
    this.turnOf.set(member.id, turn);
    this.weigh(turn, member.weight);
    this.enter(turn);
  }

  remove({ id }: BalancingMember): void {
    const turn = this.turnOf.get(id);
    if (!turn) return;
    this.turnOf.delete(id);
    turn.queue.remove(turn);
    this.weigh(turn, 0);
  }

  /** A new weight applies from now on: what the member is owed or has had ahead does not change. */
  changed({ id }: BalancingMember): void {
    const turn = this.turnOf.get(id);
    if (!turn || turn.weight === turn.member.weight) return;
    const owedTurns = (this.virtualTime - turn.start) * turn.weight;
    turn.queue.remove(turn);
    this.weigh(turn, turn.member.weight);
    turn.start = this.virtualTime - owedTurns / turn.weight;
    this.enter(turn);
  }

  pick(exclude: ReadonlySet<string>): BalancingMember | undefined {
    this.admitDue();
    const turn = this.due.firstExcept(exclude) ?? this.waiting.firstExcept(exclude);
    if (!turn) return undefined;
    turn.queue.remove(turn);
    // Served ahead of time, because those who are due are excluded: time follows those who are served.
    this.virtualTime = Math.max(this.virtualTime, turn.start);
    // And a member that was passed over catches up by one turn, not by all that it has missed.
    turn.start = Math.max(turn.start + 1 / turn.weight, this.virtualTime);
    turn.turn = ++this.turns;
    this.enter(turn);
    this.virtualTime += 1 / this.totalWeight;
    return turn.member;
  }

  private weigh(turn: Turn, weight: number): void {
    this.totalWeight += weight - turn.weight;
    this.weightBound = Math.max(this.weightBound, weight);
    turn.weight = weight;
  }

  private enter(turn: Turn): void {
    const isDue = turn.start <= this.virtualTime;
    turn.queue = isDue ? this.due : this.waiting;
    turn.rank = isDue ? turn.start + 1 / turn.weight : turn.start;
    turn.queue.add(turn);
  }

  /**
   * Moves over those waiting that have become due, but only while one of them could have the earliest deadline. In a
   * pool of equal weights that is one a pick, where moving all would be the whole pool at once every round.
   */
  private admitDue(): void {
    if (this.due.size === 0) this.virtualTime = Math.max(this.virtualTime, this.waiting.first?.start ?? 0);
    for (let next = this.waiting.first; next && this.mayComeFirst(next); next = this.waiting.first) {
      this.waiting.remove(next);
      this.enter(next);
    }
  }

  private mayComeFirst({ start }: Turn): boolean {
    const earliest = this.due.first?.rank ?? Infinity;
    return start <= this.virtualTime && start + 1 / this.weightBound < earliest;
  }
}
