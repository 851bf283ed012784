import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BalancerHarness,
  balancerConfig,
  EJECT_AFTER,
  EJECT_TIME_MS,
} from '../../test/support/balancer-harness.js';
import { STRATEGY_NAMES, type StrategyName } from './strategies/index.js';

const SLOW_START_MS = 30_000;
const OLD = ['a', 'b', 'c', 'd'];
const WEIGHED: readonly StrategyName[] = ['weighted_round_robin', 'least_connections', 'least_response_time'];
const OTHERS = STRATEGY_NAMES.filter((name) => !WEIGHED.includes(name));

/** A pool whose members have served for as long as a warm-up takes. */
function oldPool(strategy: StrategyName, slowStartMs = SLOW_START_MS): BalancerHarness {
  const lab = new BalancerHarness(balancerConfig({ slowStartMs }));
  lab.announce(...OLD);
  lab.change('pool', '', strategy, OLD);
  lab.clock.advance(SLOW_START_MS);
  return lab;
}

function join(lab: BalancerHarness, strategy: StrategyName, id = 'new'): void {
  lab.announce(id);
  lab.change('pool', '', strategy, [...OLD, id]);
}

/** How many of many connections, of which so many are open at a time, an instance gets. All are answered alike. */
function shareOf(lab: BalancerHarness, id: string, connections = 1200, openAtATime = 60): number {
  const open: ReturnType<typeof lab.balancer.lease>[] = [];
  let count = 0;
  for (let index = 0; index < connections; index += 1) {
    const lease = lab.balancer.lease('pool');
    lease.firstByte();
    open.push(lease);
    if (lease.instanceId === id) count += 1;
    if (open.length > openAtATime) open.shift()?.release('success');
  }
  open.forEach((lease) => lease.release('success'));
  return count / connections;
}

describe.each(WEIGHED)('slow start with %s', (strategy) => {
  it('gives a newcomer a tenth of its weight, and all of it in the end', () => {
    const lab = oldPool(strategy);
    join(lab, strategy);
    const shares: number[] = [];
    for (let step = 0; step < 10; step += 1) {
      shares.push(shareOf(lab, 'new'));
      lab.clock.advance(Math.ceil(SLOW_START_MS / 9));
    }
    expect(shares[0]).toBeLessThan(0.06);
    expect(shares[5]).toBeGreaterThan(shares[0]);
    expect(shares[9]).toBeCloseTo(0.2, 1);
    for (let step = 1; step < 10; step += 1)
      expect(shares[step]).toBeGreaterThanOrEqual(shares[step - 1] - 0.02);
  });

  it('begins again for one that was ejected, and for one that was away', () => {
    const lab = oldPool(strategy);
    lab.failInARow('pool', EJECT_AFTER, 'a');
    lab.clock.advance(EJECT_TIME_MS);
    lab.balancer.leaseInstance('a').release('success');
    expect(lab.balancer.load('a')?.state).toBe('serving');
    expect(shareOf(lab, 'a')).toBeLessThan(0.08);
    lab.clock.advance(SLOW_START_MS);
    lab.change('fence', 'b', strategy, []);
    lab.announce('b');
    expect(shareOf(lab, 'b')).toBeLessThan(0.08);
  });

  it('holds nobody back where all are new, and shows the full weight', () => {
    const lab = new BalancerHarness(balancerConfig({ slowStartMs: SLOW_START_MS }));
    for (const id of OLD) {
      lab.announce(id);
      lab.change('pool', '', strategy, OLD);
      lab.clock.advance(5000);
    }
    for (const id of OLD) expect(shareOf(lab, id)).toBeCloseTo(0.25, 1);
    const old = oldPool(strategy);
    join(old, strategy);
    expect(old.balancer.load('new')?.weight).toBe(1.5);
  });

  it('does not begin for members that change their pool, nor when it is switched off', () => {
    const lab = oldPool(strategy);
    lab.announce('late');
    lab.clock.advance(SLOW_START_MS);
    lab.change('pool', '', strategy, [...OLD, 'late']);
    expect(shareOf(lab, 'late')).toBeCloseTo(0.2, 1);
    const off = oldPool(strategy, 0);
    join(off, strategy);
    expect(shareOf(off, 'new')).toBeCloseTo(0.2, 1);
  });
});

describe.each(OTHERS)('slow start with %s', (strategy) => {
  it('changes nothing: a newcomer has its turn and no more', () => {
    const lab = oldPool(strategy);
    join(lab, strategy);
    expect(shareOf(lab, 'new', 1000)).toBeCloseTo(0.2, 2);
  });
});

describe.each(STRATEGY_NAMES)('slow start with %s, whatever happens', (strategy) => {
  const ids = [...OLD, 'e', 'f'];
  const event = fc.record({
    kind: fc.constantFrom('announce', 'fence', 'remove', 'fail', 'wait', 'take', 'take', 'take'),
    id: fc.constantFrom(...ids),
    ms: fc.integer({ min: 0, max: 20_000 }),
  });

  it('always finds somebody as long as anybody serves, and ends with everybody at full weight', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80, size: 'max' }), (events) => {
        const lab = new BalancerHarness(balancerConfig({ slowStartMs: SLOW_START_MS }));
        lab.change('pool', '', strategy, ids);
        const serving = new Set<string>();
        for (const { kind, id, ms } of events) {
          if (kind === 'announce') serving.add(id);
          if (kind === 'fence' || kind === 'remove') serving.delete(id);
          if (kind === 'wait') lab.clock.advance(ms);
          else if (kind === 'fail' && lab.balancer.load(id)) lab.failInARow('pool', EJECT_AFTER, id);
          else if (kind !== 'fail' && kind !== 'take') lab.change(kind, id, strategy, ids);
          const [lease] = lab.leaseIfAny('pool');
          expect(lease !== undefined).toBe(serving.size > 0);
          expect(serving.has(lease?.instanceId ?? '')).toBe(serving.size > 0);
          lease?.release('success');
        }
        ids.forEach((id) => lab.announce(id));
        lab.clock.advance(400_000);
        ids.forEach((id) => lab.balancer.leaseInstance(id).release('success'));
        lab.clock.advance(400_000);
        const counts = ids.map((id) => shareOf(lab, id, 60, 5) * 60);
        for (const count of counts) expect(Math.abs(count - 10)).toBeLessThan(3);
      }),
      { numRuns: 60 },
    );
  });
});
