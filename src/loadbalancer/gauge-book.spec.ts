import { beforeEach, describe, expect, it } from 'vitest';
import { BalancerHarness } from '../../test/support/balancer-harness.js';
import { GAUGE_MAX_AGE_MS } from './gauge-book.js';

describe('gauges of engines', () => {
  let harness: BalancerHarness;

  beforeEach(() => {
    harness = new BalancerHarness();
    harness.announce('a', 'b');
    harness.balancer.setPool('pool', {
      ownerId: 'owner',
      strategy: 'least_connections',
      memberIds: ['a', 'b'],
    });
  });

  const report = (id: string, waiting: number, ageMs = 0): void =>
    harness.balancer.reportGauge(id, { running: 8, waiting, at: harness.clock.now() - ageMs });

  it('keep traffic away from those with a queue', () => {
    report('a', 3);
    expect(harness.picks('pool', 3)).toEqual(['b', 'b', 'b']);
    report('a', 0);
    expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
  });

  it('count for five seconds, even when nobody touches the instance', () => {
    report('a', 3);
    harness.clock.advance(GAUGE_MAX_AGE_MS - 1);
    expect(harness.picks('pool', 2)).toEqual(['b', 'b']);
    harness.clock.advance(1);
    expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
  });

  it('count for longer when they are told again, and not at all when they come too late', () => {
    report('a', 3);
    harness.clock.advance(3000);
    report('a', 4);
    harness.clock.advance(3000);
    expect(harness.picks('pool', 2)).toEqual(['b', 'b']);
    report('a', 5, GAUGE_MAX_AGE_MS);
    expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
  });

  it('mean nothing for instances that are gone, and for those that come anew', () => {
    report('stranger', 3);
    report('a', 3);
    harness.balancer.removeTarget('a');
    harness.announce('a');
    expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
    harness.clock.advance(GAUGE_MAX_AGE_MS);
    expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
  });
});
