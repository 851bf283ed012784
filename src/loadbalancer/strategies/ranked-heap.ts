import type { BalancingMember } from './balancing-strategy.js';

/** A member's place in an order. `rank` and `turn` may only change between `remove` and `add`, or right before `update`. */
export interface RankedNode {
  readonly member: BalancingMember;
  /** The smallest is first. */
  rank: number;
  /** Among equal ranks the smallest is first: the number of the member's last turn, so that equals take turns. */
  turn: number;
  /** Where the heap keeps the node; -1 outside. Belongs to the heap. */
  position: number;
}

/**
 * A binary heap whose nodes know where they are, so that any of them is moved or taken out in O(log n). The packaged
 * heaps we looked at find a node by scanning. Children stand at 2i+1 and 2i+2.
 */
export class RankedHeap<N extends RankedNode = RankedNode> {
  private readonly nodes: N[] = [];

  get size(): number {
    return this.nodes.length;
  }

  get first(): N | undefined {
    return this.nodes[0];
  }

  /** The first node whose member is not excluded. Nothing moves; it visits twice the excluded nodes at most. */
  firstExcept(exclude: ReadonlySet<string>, from = 0): N | undefined {
    const node = this.nodes[from];
    if (!node || !exclude.has(node.member.id)) return node;
    const left = this.firstExcept(exclude, 2 * from + 1);
    const right = this.firstExcept(exclude, 2 * from + 2);
    if (!left || !right) return left ?? right;
    return this.precedes(right, left) ? right : left;
  }

  add(node: N): void {
    this.place(node, this.nodes.length);
    this.rise(node);
  }

  remove(node: N): void {
    const gap = node.position;
    const last = this.nodes.pop();
    node.position = -1;
    if (!last || last === node) return;
    this.place(last, gap);
    this.update(last);
  }

  /** Restores the order after the node's rank or turn has changed. */
  update(node: N): void {
    this.rise(node);
    this.sink(node);
  }

  /** The one comparison of the heap. */
  precedes(a: N, b: N): boolean {
    return a.rank < b.rank || (a.rank === b.rank && a.turn < b.turn);
  }

  private rise(node: N): void {
    while (node.position > 0) {
      const parent = this.nodes[(node.position - 1) >> 1];
      if (!this.precedes(node, parent)) return;
      this.swap(node, parent);
    }
  }

  private sink(node: N): void {
    for (let child = this.smallerChild(node); child; child = this.smallerChild(node)) {
      if (!this.precedes(child, node)) return;
      this.swap(node, child);
    }
  }

  private smallerChild({ position }: N): N | undefined {
    const left: N | undefined = this.nodes[2 * position + 1];
    const right: N | undefined = this.nodes[2 * position + 2];
    return right && this.precedes(right, left) ? right : left;
  }

  private swap(a: N, b: N): void {
    const { position } = a;
    this.place(a, b.position);
    this.place(b, position);
  }

  private place(node: N, position: number): void {
    this.nodes[position] = node;
    node.position = position;
  }
}
