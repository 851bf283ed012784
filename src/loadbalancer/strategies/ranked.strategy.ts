import type { BalancingMember, BalancingStrategy } from './balancing-strategy.js';
import { RankedHeap, type RankedNode } from './ranked-heap.js';

/** What strategies have in common that pick the member with the smallest number; members with the same take turns. */
export abstract class RankedStrategy implements BalancingStrategy {
  abstract readonly name: string;
  protected readonly order = new RankedHeap();
  private readonly nodes = new Map<string, RankedNode>();
  private turns = 0;

  add(member: BalancingMember): void {
    if (this.nodes.has(member.id)) return;
    this.joining(member);
    const node = { member, rank: this.rankOf(member), turn: ++this.turns, position: -1 };
    this.nodes.set(member.id, node);
    this.order.add(node);
  }

  remove({ id }: BalancingMember): void {
    const node = this.nodes.get(id);
    if (!node) return;
    this.nodes.delete(id);
    this.order.remove(node);
    this.left(node.member);
  }

  changed({ id }: BalancingMember): void {
    const node = this.nodes.get(id);
    if (!node) return;
    node.rank = this.rankOf(node.member);
    this.order.update(node);
  }

  pick(exclude: ReadonlySet<string>): BalancingMember | undefined {
    const node = this.order.firstExcept(exclude);
    if (!node) return undefined;
    node.turn = ++this.turns;
    this.order.update(node);
    return node.member;
  }

  protected abstract rankOf(member: BalancingMember): number;

  /** Called before the first `rankOf` of a member. */
  protected joining(_member: BalancingMember): void {}

  /** Called after the last `rankOf` of a member. */
  protected left(_member: BalancingMember): void {}
}
