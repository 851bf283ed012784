import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/common/clock.js';
import type {
  BalancingMember,
  BalancingStrategy,
} from '../../src/loadbalancer/strategies/balancing-strategy.js';
import { STRATEGIES, STRATEGY_NAMES, type StrategyName } from '../../src/loadbalancer/strategies/index.js';
import { RankedHeap } from '../../src/loadbalancer/strategies/ranked-heap.js';
import {
  addAll,
  giveBack,
  newMember,
  newMembers,
  NOBODY,
  serve,
  take,
} from '../support/balancing-members.js';

const LARGE_POOL = 10_000;
const DOUBLINGS = Math.ceil(Math.log2(LARGE_POOL));

interface Step {
  kind: 'add' | 'remove' | 'take' | 'giveBack' | 'weight' | 'wait';
  index: number;
  exclude: number[];
  weight: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'remove', 'take', 'take', 'take', 'giveBack', 'weight', 'wait'),
  index: fc.nat(11),
  exclude: fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
  weight: fc.double({ min: 0.1, max: 8, noNaN: true }),
});

/** A pool under random use, beside a plain set of who is in it. */
class PoolModel {
  readonly wrongPicks: { picked?: string; allowed: string[] }[] = [];
  private readonly clock = new ManualClock();
  private readonly strategy: BalancingStrategy;
  private readonly members = newMembers(12);
  private readonly present = new Set<string>();
  private readonly open: BalancingMember[] = [];

  constructor(name: StrategyName) {
    this.strategy = new STRATEGIES[name](this.clock);
  }

  run({ kind, index, exclude, weight }: Step): void {
    const member = this.members[index];
    switch (kind) {
      case 'add':
        this.present.add(member.id);
        return this.strategy.add(member);
      case 'remove':
        this.present.delete(member.id);
        return this.strategy.remove(member);
      case 'weight':
        member.weight = weight;
        return this.strategy.changed(member);
      case 'wait':
        return this.clock.advance(index * 10_000);
      case 'giveBack':
        return this.giveBackOldest(index * 40);
      case 'take':
        return this.takeNext(new Set(exclude.map((other) => this.members[other].id)));
    }
  }

  private takeNext(exclude: ReadonlySet<string>): void {
    const allowed = [...this.present].filter((id) => !exclude.has(id));
    const picked = this.strategy.pick(exclude);
    const isRight = picked ? allowed.includes(picked.id) : allowed.length === 0;
    if (!isRight) this.wrongPicks.push({ picked: picked?.id, allowed });
    if (!picked) return;
    picked.stats.opened(this.clock.now());
    this.strategy.changed(picked);
    this.open.push(picked);
  }

  private giveBackOldest(responseMs: number): void {
    const oldest = this.open.shift();
    if (!oldest) return;
    oldest.stats.responseTimes.answered(responseMs, this.clock.now());
    giveBack(this.strategy, oldest);
  }
}

class CountingSet extends Set<string> {
  questions = 0;

  override has(id: string): boolean {
    this.questions += 1;
    return super.has(id);
  }
}

function serveAnswered(strategy: BalancingStrategy, clock: ManualClock): void {
  const member = take(strategy, clock.now());
  member.stats.responseTimes.answered(100, clock.now());
  giveBack(strategy, member);
}

function comparisonsDuring(work: () => void): number {
  const { precedes } = RankedHeap.prototype;
  let comparisons = 0;
  RankedHeap.prototype.precedes = function (this: RankedHeap, a, b) {
    comparisons += 1;
    return precedes.call(this, a, b);
  };
  try {
    work();
  } finally {
    RankedHeap.prototype.precedes = precedes;
  }
  return comparisons;
}

/** What every strategy keeps, whatever it prefers. */
describe.each(STRATEGY_NAMES)('balancing strategy %s', (name) => {
  let clock: ManualClock;
  let strategy: BalancingStrategy;

  beforeEach(() => {
    clock = new ManualClock();
    strategy = new STRATEGIES[name](clock);
  });

  it('carries the name it is listed under', () => {
    expect(strategy.name).toBe(name);
  });

  it('picks nobody from an empty pool, nor when all are excluded or removed', () => {
    expect(strategy.pick(NOBODY)).toBeUndefined();
    const [first, second] = newMembers(2);
    addAll(strategy, [first, second]);
    expect(strategy.pick(new Set([first.id, second.id]))).toBeUndefined();
    strategy.remove(first);
    strategy.remove(second);
    expect(strategy.pick(NOBODY)).toBeUndefined();
  });

  it('never picks excluded or removed members and always finds another', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const pool = new PoolModel(name);
        steps.forEach((each) => pool.run(each));
        expect(pool.wrongPicks).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('comes round to every member under load', () => {
    const members = newMembers(20, (index) => 1 + (index % 4));
    addAll(strategy, members);
    const open: BalancingMember[] = [];
    for (let request = 0; request < 400; request++) {
      const member = take(strategy, clock.now());
      member.stats.responseTimes.answered(100 + request, clock.now());
      open.push(member);
      if (open.length > 30) giveBack(strategy, open.shift() as BalancingMember);
      clock.advance(20);
    }
    for (const { stats } of members) expect(stats.total).toBeGreaterThan(0);
  });

  it('gives an only member everything', () => {
    strategy.add(newMember('only'));
    for (let request = 0; request < 5; request++) expect(serve(strategy)).toBe('only');
  });

  it('ignores a second add, a second remove and news of strangers', () => {
    const [first, second, stranger] = newMembers(3);
    addAll(strategy, [first, second, first]);
    strategy.remove(first);
    strategy.remove(first);
    strategy.changed(first);
    strategy.changed(stranger);
    for (let request = 0; request < 4; request++) expect(serve(strategy)).toBe(second.id);
  });

  it('does not flood a newcomer', () => {
    addAll(strategy, newMembers(4));
    for (let request = 0; request < 400; request++) serveAnswered(strategy, clock);
    const newcomer = newMember('newcomer');
    newcomer.stats.total = 3;
    strategy.add(newcomer);
    for (let request = 0; request < 50; request++) serveAnswered(strategy, clock);
    expect(newcomer.stats.total - 3).toBeGreaterThanOrEqual(9);
    expect(newcomer.stats.total - 3).toBeLessThanOrEqual(11);
  });

  it('gives the same picks for the same calls', () => {
    const run = (): string[] => {
      const clock = new ManualClock();
      const strategy = new STRATEGIES[name](clock);
      const members = newMembers(7, (index) => 1 + index / 3);
      addAll(strategy, members);
      return Array.from({ length: 100 }, (_, request) => {
        const member = take(strategy, clock.now(), new Set([`m${request % 3}`]));
        member.stats.responseTimes.answered(member.id.charCodeAt(1) * 17, clock.now());
        if (request % 3 > 0) giveBack(strategy, member);
        clock.advance(request * 7);
        return member.id;
      });
    };
    expect(run()).toEqual(run());
  });

  it(`costs O(log n) comparisons a request among ${LARGE_POOL} members`, () => {
    const members = newMembers(LARGE_POOL, (index) => 1 + (index % 4) / 2);
    addAll(strategy, members);
    const requests = 2 * LARGE_POOL;
    const comparisons = comparisonsDuring(() => {
      for (let request = 0; request < requests; request++) serveAnswered(strategy, clock);
      members.forEach((member) => strategy.remove(member));
    });
    expect(comparisons / requests).toBeLessThan(12 * DOUBLINGS);
  });

  it('has no request that pays for the others, where all members weigh the same', () => {
    addAll(strategy, newMembers(LARGE_POOL));
    let most = 0;
    for (let request = 0; request < 2 * LARGE_POOL + 10; request++) {
      most = Math.max(
        most,
        comparisonsDuring(() => serveAnswered(strategy, clock)),
      );
    }
    expect(most).toBeLessThan(24 * DOUBLINGS);
  });

  it('asks about few members when some are excluded', () => {
    const members = newMembers(LARGE_POOL);
    addAll(strategy, members);
    const exclude = new CountingSet(members.slice(0, 4).map(({ id }) => id));
    strategy.pick(exclude);
    expect(exclude.questions).toBeLessThan(30);
  });
});
