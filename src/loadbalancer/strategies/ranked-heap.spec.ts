import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { newMember } from '../../../test/support/balancing-members.js';
import { RankedHeap, type RankedNode } from './ranked-heap.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

const operation = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'remove', 'update'),
  index: fc.nat(15),
  rank: fc.integer({ min: 0, max: 12 }),
});

const byRankThenTurn = (a: RankedNode, b: RankedNode): number => a.rank - b.rank || a.turn - b.turn;

/** Asks for the first, then for the first without that one, and so on. */
function wholeOrder(heap: RankedHeap): string[] {
  const ids = new Set<string>();
  for (let node = heap.first; node; node = heap.firstExcept(ids)) ids.add(node.member.id);
  return [...ids];
}

describe('RankedHeap', () => {
  it('always answers what a sorted list would answer', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100, size: 'max' }), (operations) => {
        const heap = new RankedHeap();
        const nodes: RankedNode[] = Array.from({ length: 16 }, (_, index) => ({
          member: newMember(`m${index}`),
          rank: 0,
          turn: index,
          position: -1,
        }));
        const inside = new Set<RankedNode>();
        for (const { kind, index, rank } of operations) {
          const node = nodes[index];
          if (kind === 'add' && !inside.has(node)) {
            node.rank = rank;
            heap.add(node);
            inside.add(node);
          } else if (kind === 'remove' && inside.delete(node)) {
            heap.remove(node);
          } else if (kind === 'update' && inside.has(node)) {
            node.rank = rank;
            heap.update(node);
          }
          const sorted = [...inside].sort(byRankThenTurn);
          expect(wholeOrder(heap)).toEqual(sorted.map(({ member }) => member.id));
          expect([heap.size, heap.first]).toEqual([inside.size, sorted[0]]);
          expect(nodes.filter(({ position }) => position >= 0)).toHaveLength(inside.size);
        }
      }),
      { numRuns: 150 },
    );
  });
});
