import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { BalancerHarness } from '../../test/support/balancer-harness.js';
import type { Lease, LeaseOutcome } from './lease.js';
import { STRATEGY_NAMES } from './strategies/index.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

const OUTCOMES: readonly LeaseOutcome[] = ['success', 'error', 'aborted', 'timeout'];

describe('leases', () => {
  let harness: BalancerHarness;

  beforeEach(() => {
    harness = new BalancerHarness();
  });

  it.each(OUTCOMES)('are released once, however often it is said (%s)', (outcome) => {
    harness.poolOf('a');
    const [lease, other] = [harness.balancer.lease('pool'), harness.balancer.lease('pool')];
    lease.release(outcome);
    lease.release(outcome);
    lease.release('error');
    expect(harness.balancer.load('a')).toMatchObject({ activeConnections: 1, totalConnections: 2 });
    other.release('success');
    expect(harness.balancer.load('a')?.activeConnections).toBe(0);
  });

  it('measure the first byte once, and not after the release', () => {
    harness.poolOf('a');
    const [lease, late] = [harness.balancer.lease('pool'), harness.balancer.lease('pool')];
    harness.clock.advance(100);
    lease.firstByte();
    late.release('aborted');
    harness.clock.advance(100);
    lease.firstByte();
    late.firstByte();
    expect(harness.balancer.load('a')).toMatchObject({ averageResponseTimeMs: 100, lastResponseTimeMs: 100 });
  });

  it('of a removed instance do not touch its successor', () => {
    harness.poolOf('a');
    const old = harness.balancer.lease('pool');
    harness.balancer.removeTarget('a');
    harness.announce('a');
    const current = harness.balancer.lease('pool');
    old.firstByte();
    old.release('error');
    const { activeConnections, totalConnections, averageResponseTimeMs } = harness.balancer.load('a') ?? {};
    expect([activeConnections, totalConnections, averageResponseTimeMs]).toEqual([1, 1, 0]);
    current.release('success');
    expect(harness.balancer.load('a')?.activeConnections).toBe(0);
  });

  it('leave every count at zero after 500 of all kinds, whatever happens to the instances meanwhile', () => {
    const event = fc.record({
      kind: fc.constantFrom('lease', 'lease', 'lease', 'release', 'release', 'firstByte', 'change', 'wait'),
      index: fc.nat(499),
      outcome: fc.constantFrom(...OUTCOMES),
      change: fc.constantFrom('remove', 'announce', 'fence', 'pool'),
    });
    const ids = ['a', 'b', 'c', 'd', 'e'];
    fc.assert(
      fc.property(fc.array(event, { minLength: 500, maxLength: 700, size: 'max' }), (events) => {
        harness = new BalancerHarness();
        harness.poolOf(...ids);
        const leases: Lease[] = [];
        const counts: number[] = [];
        for (const { kind, index, outcome, change } of events) {
          const id = ids[index % ids.length];
          const lease = leases[index % (leases.length || 1)];
          if (kind === 'lease') leases.push(...harness.leaseIfAny('pool', new Set([id])));
          if (kind === 'release') lease?.release(outcome);
          if (kind === 'firstByte') lease?.firstByte();
          if (kind === 'wait') harness.clock.advance(index * 50);
          if (kind === 'change')
            harness.change(change, id, STRATEGY_NAMES[index % STRATEGY_NAMES.length], ids);
          counts.push(...harness.balancer.loadsOf('owner').map((load) => load.activeConnections));
        }
        leases.forEach((lease, index) => lease.release(OUTCOMES[index % OUTCOMES.length]));
        leases.forEach((lease) => lease.release('success'));
        expect(Math.min(0, ...counts)).toBe(0);
        const left = harness.balancer.loadsOf('owner').map((load) => load.activeConnections);
        expect(left).toEqual(left.map(() => 0));
      }),
      { numRuns: 20 },
    );
  });
});
