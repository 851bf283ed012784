import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { BalancingMember } from './balancing-strategy.js';
import { LeastConnectionsStrategy } from './least-connections.strategy.js';
import {
  addAll,
  giveBack,
  newMember,
  newMembers,
  serveMany,
  take,
} from '../../../test/support/balancing-members.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

describe('LeastConnectionsStrategy', () => {
  it('picks the member with the fewest open connections', () => {
    const strategy = new LeastConnectionsStrategy();
    addAll(strategy, newMembers(3));
    const [first] = [take(strategy), take(strategy), take(strategy)];
    giveBack(strategy, first);
    expect(take(strategy)).toBe(first);
  });

  it('lets equals take turns', () => {
    const strategy = new LeastConnectionsStrategy();
    addAll(strategy, newMembers(3));
    expect(serveMany(strategy, 6)).toEqual(['m0', 'm1', 'm2', 'm0', 'm1', 'm2']);
  });

  it('fills members in proportion to their weights', () => {
    const strategy = new LeastConnectionsStrategy();
    const members = [newMember('big', 3), newMember('small', 1), newMember('middle', 1.5)];
    addAll(strategy, members);
    for (let request = 0; request < 110; request++) take(strategy);
    expect(members.map(({ stats }) => stats.active)).toEqual([60, 20, 30]);
  });

  it('sees connections that come through other pools', () => {
    const strategy = new LeastConnectionsStrategy();
    const [busy, idle] = newMembers(2);
    addAll(strategy, [busy, idle]);
    for (let connection = 0; connection < 3; connection++) busy.stats.opened(0);
    strategy.changed(busy);
    expect([take(strategy), take(strategy), take(strategy)]).toEqual([idle, idle, idle]);
  });

  it('counts what waits in the queue of an engine', () => {
    const strategy = new LeastConnectionsStrategy();
    const [crowded, idle] = [newMember('crowded', 2), newMember('idle', 1)];
    addAll(strategy, [crowded, idle]);
    crowded.stats.waiting = 5;
    strategy.changed(crowded);
    const picked = Array.from({ length: 4 }, () => take(strategy).id);
    expect(picked).toEqual(['idle', 'idle', 'idle', 'crowded']);
  });

  it('always picks a least loaded member, and of those the one that has waited longest', () => {
    const event = fc.record({ kind: fc.constantFrom('take', 'take', 'giveBack'), index: fc.nat(99) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 150, size: 'max' }), (events) => {
        const strategy = new LeastConnectionsStrategy();
        const members = newMembers(6, (index) => [1, 1, 1.5, 2, 3, 3][index]);
        addAll(strategy, members);
        const lastTurn = new Map<BalancingMember, number>(
          members.map((member, index) => [member, index - 6]),
        );
        const open: BalancingMember[] = [];
        events.forEach(({ kind, index }, turn) => {
          if (kind === 'giveBack') {
            const [member] = open.splice(index % (open.length || 1), 1);
            if (member) giveBack(strategy, member);
            return;
          }
          const loadOf = ({ stats, weight }: BalancingMember): number => stats.active / weight;
          const least = Math.min(...members.map(loadOf));
          const equals = members.filter((member) => loadOf(member) === least);
          const expected = equals.reduce((a, b) => ((lastTurn.get(a) ?? 0) < (lastTurn.get(b) ?? 0) ? a : b));
          const picked = take(strategy);
          expect(picked.id).toBe(expected.id);
          lastTurn.set(picked, turn);
          open.push(picked);
        });
      }),
      { numRuns: 300 },
    );
  });
});
