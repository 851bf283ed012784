import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  addAll,
  countById,
  newMember,
  newMembers,
  serve,
  serveMany,
  type TestMember,
} from '../../../test/support/balancing-members.js';
import { WeightedRoundRobinStrategy } from './weighted-round-robin.strategy.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

/** Weights as the product gives them, and any others. */
const weights = fc.oneof(
  fc.array(fc.constantFrom(1, 1.2, 1.5, 1.8, 2, 2.4, 3, 3.6), { minLength: 1, maxLength: 20, size: 'max' }),
  fc.array(fc.double({ min: 0.1, max: 40, noNaN: true }), { minLength: 1, maxLength: 20, size: 'max' }),
);

function poolOf(memberWeights: readonly number[]): {
  strategy: WeightedRoundRobinStrategy;
  members: TestMember[];
} {
  const strategy = new WeightedRoundRobinStrategy();
  const members = newMembers(memberWeights.length, (index) => memberWeights[index]);
  addAll(strategy, members);
  return { strategy, members };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('WeightedRoundRobinStrategy', () => {
  it('spreads the turns of a heavy member', () => {
    const { strategy } = poolOf([5, 1, 1]);
    expect(serveMany(strategy, 14).join(' ')).toBe('m0 m1 m0 m0 m2 m0 m0 m0 m1 m0 m0 m2 m0 m0');
  });

  it('is a plain round robin among equals', () => {
    const { strategy } = poolOf([1.5, 1.5, 1.5]);
    expect(serveMany(strategy, 7)).toEqual(['m0', 'm1', 'm2', 'm0', 'm1', 'm2', 'm0']);
  });

  it('keeps every member within one turn of its exact share, at any moment', () => {
    fc.assert(
      fc.property(weights, (memberWeights) => {
        const { strategy, members } = poolOf(memberWeights);
        const total = sum(memberWeights);
        let farthest = 0;
        for (let picks = 1; picks <= 300; picks++) {
          serve(strategy);
          for (const { stats, weight } of members) {
            farthest = Math.max(farthest, Math.abs(stats.total - (picks * weight) / total));
          }
        }
        expect(farthest).toBeLessThan(1 + 1e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('has every share within two turns in any window, also after members came and went', () => {
    const change = fc.record({
      after: fc.integer({ min: 0, max: 30 }),
      index: fc.nat(19),
      weight: fc.constantFrom(1, 2, 3.6),
    });
    fc.assert(
      fc.property(weights, fc.array(change, { maxLength: 6, size: 'max' }), (memberWeights, changes) => {
        const { strategy, members } = poolOf(memberWeights);
        for (const { after, index, weight } of changes) {
          serveMany(strategy, after);
          const member = members[index % members.length];
          strategy.remove(member);
          member.weight = weight;
          serveMany(strategy, members.length > 1 ? after : 0);
          strategy.add(member);
        }
        const total = sum(members.map((member) => member.weight));
        serveMany(strategy, 2 * members.length);
        for (const length of [5, 40, 200]) {
          const counts = countById(serveMany(strategy, length));
          for (const { id, weight } of members) {
            expect(Math.abs((counts.get(id) ?? 0) - (length * weight) / total)).toBeLessThan(2.5);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('applies a new weight from the next turn on, without catching up', () => {
    const { strategy, members } = poolOf([1, 1, 1]);
    serveMany(strategy, 301);
    members[0].weight = 4;
    strategy.changed(members[0]);
    const counts = countById(serveMany(strategy, 60));
    expect(Math.abs((counts.get('m0') ?? 0) - 40)).toBeLessThanOrEqual(1);
    members[0].weight = 0.5;
    strategy.changed(members[0]);
    const later = countById(serveMany(strategy, 50));
    expect(Math.abs((later.get('m0') ?? 0) - 10)).toBeLessThanOrEqual(1);
  });

  it('does not give a member two turns running because it became heavier', () => {
    const { strategy, members } = poolOf([1, 1]);
    expect(serve(strategy)).toBe('m0');
    members[0].weight = 5;
    strategy.changed(members[0]);
    expect(serve(strategy)).toBe('m1');
  });

  it('keeps the shares of others when a weight changes at every turn', () => {
    const { strategy, members } = poolOf([1, 3, 3, 3]);
    for (let round = 0; round < 200; round++) {
      members[0].weight = round % 2 === 0 ? 1.1 : 0.9;
      strategy.changed(members[0]);
      serve(strategy);
    }
    expect(Math.abs(members[0].stats.total - 20)).toBeLessThanOrEqual(1);
  });

  it('lets a member that was passed over catch up by one turn only', () => {
    const { strategy } = poolOf([1, 1, 1, 1]);
    const withoutFirst = new Set(['m0']);
    for (let request = 0; request < 200; request++) serve(strategy, 0, withoutFirst);
    const first = serveMany(strategy, 8).filter((id) => id === 'm0');
    expect(first.length).toBeGreaterThanOrEqual(2);
    expect(first.length).toBeLessThanOrEqual(3);
  });

  it('does not make a newcomer wait because others left right after their turn', () => {
    const { strategy } = poolOf([1, 1, 1]);
    const ids = Array.from({ length: 20 }, (_, index) => `passing${index}`);
    const passing = new Map(ids.map((id) => [id, newMember(id, 3.6)]));
    addAll(strategy, [...passing.values()]);
    while (passing.size > 0) {
      const id = serve(strategy);
      const leaving = passing.get(id);
      if (leaving && passing.delete(id)) strategy.remove(leaving);
    }
    strategy.add(newMember('late'));
    expect(countById(serveMany(strategy, 40)).get('late')).toBeGreaterThanOrEqual(9);
  });

  it('does not make a newcomer wait because a member that was passed over for long has left', () => {
    const { strategy, members } = poolOf([3.6, 1, 1]);
    for (let request = 0; request < 300; request++) serve(strategy, 0, new Set(['m0']));
    strategy.remove(members[0]);
    strategy.add(newMember('late'));
    expect(countById(serveMany(strategy, 30)).get('late')).toBeGreaterThanOrEqual(9);
  });
});
