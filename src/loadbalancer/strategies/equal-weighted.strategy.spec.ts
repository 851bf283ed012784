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
import { EqualWeightedStrategy } from './equal-weighted.strategy.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

describe('EqualWeightedStrategy', () => {
  it('gives everybody the same number of connections, whatever they weigh', () => {
    const strategy = new EqualWeightedStrategy();
    addAll(
      strategy,
      newMembers(4, (index) => 1 + index),
    );
    expect([...countById(serveMany(strategy, 40)).values()]).toEqual([10, 10, 10, 10]);
  });

  it('evens out what came through other pools', () => {
    const strategy = new EqualWeightedStrategy();
    const [busy, idle] = newMembers(2);
    addAll(strategy, [busy, idle]);
    for (let connection = 0; connection < 3; connection++) busy.stats.opened(0);
    strategy.changed(busy);
    expect(serveMany(strategy, 5)).toEqual(['m1', 'm1', 'm1', 'm0', 'm1']);
  });

  it('counts from the joining on: neither an old total nor a late start matters', () => {
    const strategy = new EqualWeightedStrategy();
    const veteran = newMember('veteran');
    veteran.stats.total = 1_000_000;
    addAll(strategy, [...newMembers(2), veteran]);
    serveMany(strategy, 3000);
    strategy.add(newMember('late'));
    expect(Object.fromEntries(countById(serveMany(strategy, 400)))).toEqual({
      m0: 100,
      m1: 100,
      veteran: 100,
      late: 100,
    });
  });

  it('keeps all counts within two of each other while members come and go', () => {
    const event = fc.constantFrom('serve', 'serve', 'serve', 'join', 'leave');
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200, size: 'max' }), (events) => {
        const strategy = new EqualWeightedStrategy();
        const present: TestMember[] = [];
        let served = new Map<string, number>();
        let widestGap = 0;
        events.forEach((kind, index) => {
          if (kind === 'join') {
            const member = newMember(`n${index}`);
            present.push(member);
            strategy.add(member);
          } else if (kind === 'leave') {
            present.splice(0, 1).forEach((member) => strategy.remove(member));
          } else if (present.length > 0) {
            const id = serve(strategy);
            served.set(id, (served.get(id) ?? 0) + 1);
          }
          if (kind !== 'serve') served = new Map(present.map(({ id }) => [id, 0]));
          widestGap = Math.max(widestGap, gap([...served.values()]));
        });
        expect(widestGap).toBeLessThanOrEqual(2);
      }),
      { numRuns: 300 },
    );
  });
});

const gap = (counts: readonly number[]): number =>
  counts.length > 0 ? Math.max(...counts) - Math.min(...counts) : 0;
