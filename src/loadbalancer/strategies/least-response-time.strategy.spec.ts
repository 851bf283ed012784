import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { SAMPLE_MAX_AGE_MS } from '../response-times.js';
import type { BalancingMember } from './balancing-strategy.js';
import { LeastResponseTimeStrategy } from './least-response-time.strategy.js';
import { addAll, giveBack, newMember, newMembers, take } from '../../../test/support/balancing-members.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

describe('LeastResponseTimeStrategy', () => {
  let clock: ManualClock;
  let strategy: LeastResponseTimeStrategy;

  beforeEach(() => {
    clock = new ManualClock();
    strategy = new LeastResponseTimeStrategy(clock);
  });

  const answer = (member: BalancingMember, ms: number): void => {
    member.stats.responseTimes.answered(ms, clock.now());
    strategy.changed(member);
  };

  /** A request that is answered after `ms` of a clock that stands still. */
  const serveIn = (ms: (member: BalancingMember) => number): BalancingMember => {
    const member = take(strategy, clock.now());
    answer(member, ms(member));
    giveBack(strategy, member);
    return member;
  };

  const known = (id: string, ms: number, weight = 1): BalancingMember => {
    const member = newMember(id, weight);
    member.stats.responseTimes.answered(ms, clock.now());
    strategy.add(member);
    return member;
  };

  it('picks the fastest', () => {
    const [, fast] = [known('slow', 300), known('fast', 100), known('slower', 500)];
    expect([serveIn(() => 100), serveIn(() => 100)]).toEqual([fast, fast]);
  });

  it('multiplies by the requests that are under way', () => {
    known('slow', 250);
    known('fast', 100);
    const picks = Array.from({ length: 4 }, () => take(strategy).id);
    expect(picks).toEqual(['fast', 'fast', 'slow', 'fast']);
  });

  it('divides by the weight', () => {
    known('big', 250, 3);
    known('small', 100);
    expect(take(strategy).id).toBe('big');
  });

  it('sees the load also where answers come faster than the clock ticks', () => {
    known('big', 0, 3);
    const small = known('small', 0);
    for (let request = 0; request < 8; request++) take(strategy);
    expect(small.stats.active).toBe(2);
  });

  it('lets equals take turns', () => {
    ['a', 'b', 'c'].forEach((id) => known(id, 100));
    expect(Array.from({ length: 6 }, () => serveIn(() => 100).id)).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('tries whoever is unknown before all others, once', () => {
    known('known', 1);
    addAll(strategy, newMembers(2));
    expect([take(strategy).id, take(strategy).id, take(strategy).id]).toEqual(['m0', 'm1', 'known']);
  });

  it('does not flood an unknown member that is slow to answer', () => {
    const others = ['a', 'b', 'c'].map((id) => known(id, 100));
    const slow = newMember('slow');
    strategy.add(slow);
    for (let request = 0; request < 40; request++) take(strategy);
    expect(slow.stats.active).toBeLessThanOrEqual(10);
    for (const { stats } of others) expect(stats.active).toBeGreaterThanOrEqual(10);
  });

  it('spreads a cold start over everybody by weight', () => {
    const members = [newMember('big', 3), newMember('small', 1)];
    addAll(strategy, members);
    for (let request = 0; request < 42; request++) take(strategy);
    expect(Math.abs(members[0].stats.active - 31)).toBeLessThanOrEqual(1);
  });

  it('tries a slow member again when its samples have aged out', () => {
    const slow = known('slow', 5000);
    known('fast', 10);
    for (let elapsed = 1000; elapsed < SAMPLE_MAX_AGE_MS; elapsed += 1000) {
      clock.advance(1000);
      expect(serveIn(() => 10).id).toBe('fast');
    }
    clock.advance(1000);
    expect(serveIn(() => 2)).toBe(slow);
    expect(serveIn(() => 2)).toBe(slow);
  });

  it('is not drawn to a member that fails at once', () => {
    const [broken] = [known('broken', 50), known('sound', 400)];
    const failing = take(strategy);
    failing.stats.responseTimes.failed(1, clock.now());
    giveBack(strategy, failing);
    expect(failing).toBe(broken);
    expect(Array.from({ length: 5 }, () => serveIn(() => 400).id)).toEqual(Array(5).fill('sound'));
  });

  it('takes every member up again within the age of its samples, however slow it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 2, maxLength: 12, size: 'max' }),
        fc.integer({ min: 1, max: 3000 }),
        (speeds, intervalMs) => {
          clock = new ManualClock();
          strategy = new LeastResponseTimeStrategy(clock);
          const start = clock.now();
          const members = newMembers(speeds.length);
          addAll(strategy, members);
          const patience = SAMPLE_MAX_AGE_MS + (speeds.length + 1) * intervalMs;
          const longestWaits = members.map(() => 0);
          for (let elapsed = 0; elapsed < 3 * patience; elapsed += intervalMs) {
            serveIn(({ id }) => speeds[Number(id.slice(1))]);
            clock.advance(intervalMs);
            members.forEach(({ stats }, index) => {
              const waitMs = clock.now() - (stats.lastUsedAt ?? start);
              longestWaits[index] = Math.max(longestWaits[index], waitMs);
            });
          }
          expect(Math.max(...longestWaits)).toBeLessThanOrEqual(patience);
        },
      ),
      { numRuns: 25 },
    );
  });
});
