import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  balancerConfig,
  BalancerHarness,
  EJECT_AFTER,
  EJECT_TIME_MS,
} from '../../test/support/balancer-harness.js';
import type { LeaseOutcome } from './lease.js';
import type { LoadBalancerService } from './loadbalancer.service.js';
import { ejectionCap } from './outlier.js';

// Properties try many cases; a busy machine needs more than the usual five seconds.
vi.setConfig({ testTimeout: 30_000 });

describe('ejection from pools', () => {
  let harness: BalancerHarness;
  let balancer: LoadBalancerService;

  beforeEach(() => {
    harness = new BalancerHarness();
    balancer = harness.balancer;
  });

  const stateOf = (id: string): string | undefined => balancer.load(id)?.state;

  it.each<LeaseOutcome>(['error', 'timeout'])('ejects after failures in a row (%s)', (outcome) => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER - 1, 'a', outcome);
    expect(stateOf('a')).toBe('serving');
    harness.failInARow('pool', 1, 'a', outcome);
    expect(stateOf('a')).toBe('ejected');
    expect(harness.picks('pool', 4)).toEqual(['b', 'b', 'b', 'b']);
  });

  it('does not eject for what clients abort', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', 20, 'a', 'aborted');
    expect(stateOf('a')).toBe('serving');
  });

  it('never ejects the only one', () => {
    harness.poolOf('a');
    harness.failInARow('pool', 20);
    expect(stateOf('a')).toBe('serving');
    expect(harness.picks('pool', 1)).toEqual(['a']);
  });

  it('does not count fenced members: the only one that serves is the only one', () => {
    harness.poolOf('a', 'b');
    balancer.setTarget({ ...harness.target('b'), state: 'fenced' });
    harness.failInARow('pool', EJECT_AFTER);
    expect(harness.picks('pool', 1)).toEqual(['a']);
    harness.announce('b');
    expect(stateOf('a')).toBe('ejected');
    balancer.setTarget({ ...harness.target('b'), state: 'fenced' });
    expect(harness.picks('pool', 1)).toEqual(['a']);
  });

  it('keeps at most half out; the next in line follows when a place is free', () => {
    harness.poolOf('a', 'b', 'c', 'd');
    for (const id of ['a', 'b', 'c']) harness.failInARow('pool', EJECT_AFTER, id);
    expect(['a', 'b', 'c', 'd'].map(stateOf)).toEqual(['ejected', 'ejected', 'serving', 'serving']);
    balancer.leaseInstance('a').release('success');
    expect(['a', 'b', 'c', 'd'].map(stateOf)).toEqual(['serving', 'ejected', 'ejected', 'serving']);
  });

  it('gives a free place to none that has recovered while it waited', () => {
    harness.poolOf('a', 'b', 'c', 'd');
    for (const id of ['a', 'b', 'c']) harness.failInARow('pool', EJECT_AFTER, id);
    balancer.leaseInstance('c').release('success');
    harness.failInARow('pool', EJECT_AFTER, 'd');
    balancer.leaseInstance('a').release('success');
    expect(['a', 'b', 'c', 'd'].map(stateOf)).toEqual(['serving', 'ejected', 'serving', 'ejected']);
  });

  it('ejects an instance that always breaks off after its first byte', () => {
    harness.poolOf('a', 'b');
    for (let failure = 0; failure < EJECT_AFTER; failure++) {
      const lease = balancer.leaseInstance('a');
      lease.firstByte();
      lease.release('error');
    }
    expect(stateOf('a')).toBe('ejected');
  });

  it('counts a second ejection from its own beginning, when the first was ended early', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER, 'a');
    balancer.leaseInstance('a').release('success');
    harness.clock.advance(1000);
    harness.failInARow('pool', EJECT_AFTER, 'a');
    harness.clock.advance(2 * EJECT_TIME_MS - 1);
    expect(harness.picks('pool', 2)).toEqual(['b', 'b']);
    harness.clock.advance(1);
    expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
  });

  it('ejects from one pool what another cannot do without', () => {
    harness.poolOf('a', 'b');
    balancer.setPool('solo', { ownerId: 'owner', strategy: 'round_robin', memberIds: ['a'] });
    harness.failInARow('solo', EJECT_AFTER);
    expect(harness.picks('pool', 2)).toEqual(['b', 'b']);
    expect(harness.picks('solo', 1)).toEqual(['a']);
    balancer.lease('solo').release('success');
    expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
  });

  it('no longer counts once the pool is removed', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER, 'a');
    balancer.removePool('pool');
    expect(stateOf('a')).toBe('serving');
  });

  it('lets one probe through when the time is over, and restores with its success', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER, 'a');
    harness.clock.advance(EJECT_TIME_MS - 1);
    expect(harness.picks('pool', 2)).toEqual(['b', 'b']);
    harness.clock.advance(1);
    const withoutOther = new Set(['b']);
    const probe = balancer.lease('pool', withoutOther);
    expect(harness.picks('pool', 4)).toEqual(['b', 'b', 'b', 'b']);
    probe.release('success');
    expect(stateOf('a')).toBe('serving');
    expect(balancer.lease('pool', withoutOther).instanceId).toBe('a');
  });

  it('restores with the first byte: an answer may stream for minutes', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER, 'a');
    harness.clock.advance(EJECT_TIME_MS);
    const probe = balancer.lease('pool', new Set(['b']));
    probe.firstByte();
    expect(stateOf('a')).toBe('serving');
    probe.release('error');
    expect(stateOf('a')).toBe('ejected');
  });

  it('ejects for twice as long when the probe fails, and probes again when a client aborts it', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER, 'a');
    harness.clock.advance(EJECT_TIME_MS);
    balancer.lease('pool', new Set(['b'])).release('aborted');
    balancer.lease('pool', new Set(['b'])).release('timeout');
    harness.clock.advance(2 * EJECT_TIME_MS - 1);
    expect(stateOf('a')).toBe('ejected');
    harness.clock.advance(1);
    expect(stateOf('a')).toBe('serving');
  });

  it('says when the next one gets its chance', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER, 'a');
    harness.clock.advance(EJECT_TIME_MS - 3500);
    const refused = harness.failure(() => balancer.lease('pool', new Set(['b'])));
    expect(refused).toMatchObject({ code: 'no_healthy_instance', headers: { 'retry-after': '4' } });
  });

  it('forgets the past of an instance that was removed', () => {
    harness.poolOf('a', 'b');
    harness.failInARow('pool', EJECT_AFTER, 'a');
    balancer.removeTarget('a');
    harness.announce('a');
    expect(stateOf('a')).toBe('serving');
  });

  it('never keeps more out than allowed, and always somebody in, whatever fails', () => {
    const event = fc.record({
      kind: fc.constantFrom('fail', 'fail', 'fail', 'fail', 'succeed', 'change', 'wait'),
      index: fc.nat(9),
      change: fc.constantFrom('remove', 'announce', 'announce', 'fence'),
    });
    const percents = fc.constantFrom(0, 10, 34, 50, 80);
    const ids = Array.from({ length: 10 }, (_, index) => `i${index}`);
    fc.assert(
      fc.property(percents, fc.array(event, { maxLength: 150, size: 'max' }), (maxEjectedPercent, events) => {
        harness = new BalancerHarness(balancerConfig({ maxEjectedPercent, ejectAfter: 1 }));
        harness.poolOf(...ids);
        const excesses: number[] = [];
        for (const { kind, index, change } of events) {
          if (kind === 'fail') harness.leaseIfAny('pool').forEach((lease) => lease.release('error'));
          if (kind === 'succeed') harness.leaseIfAny('pool').forEach((lease) => lease.release('success'));
          if (kind === 'change') harness.change(change, ids[index], 'round_robin', ids);
          if (kind === 'wait') harness.clock.advance(index * EJECT_TIME_MS);
          const states = harness.balancer.loadsOf('owner').map(({ state }) => state);
          const serving = states.filter((state) => state !== 'fenced').length;
          const ejected = states.filter((state) => state === 'ejected').length;
          excesses.push(ejected - ejectionCap(serving, maxEjectedPercent));
          const canServe = harness.leaseIfAny('pool').map((lease) => lease.release('aborted')).length;
          if (canServe !== Math.min(1, serving)) excesses.push(serving);
        }
        expect(Math.max(0, ...excesses)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
