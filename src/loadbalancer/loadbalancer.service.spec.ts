import { beforeEach, describe, expect, it } from 'vitest';
import { balancerConfig, BalancerHarness } from '../../test/support/balancer-harness.js';
import { LoadBalancerService } from './loadbalancer.service.js';

describe('LoadBalancerService', () => {
  let balancer: LoadBalancerService;
  let harness: BalancerHarness;

  beforeEach(() => {
    harness = new BalancerHarness();
    balancer = harness.balancer;
  });

  describe('pools', () => {
    it('has nobody for an unknown pool and for one whose members are not announced', () => {
      balancer.setPool('pool', { ownerId: 'owner', strategy: 'round_robin', memberIds: ['a'] });
      for (const key of ['stranger', 'pool'])
        expect(() => balancer.lease(key)).toThrow('no_healthy_instance');
    });

    it('takes members in as they are announced, and lets them go', () => {
      balancer.setPool('pool', { ownerId: 'owner', strategy: 'round_robin', memberIds: ['a', 'b'] });
      harness.announce('a', 'b');
      expect(harness.picks('pool', 3)).toEqual(['a', 'b', 'a']);
      balancer.removeTarget('a');
      expect(harness.picks('pool', 2)).toEqual(['b', 'b']);
      harness.announce('a');
      expect(harness.picks('pool', 2).sort()).toEqual(['a', 'b']);
    });

    it('goes on where it was when members change and the strategy does not', () => {
      harness.poolOf('a', 'b', 'c');
      expect(harness.picks('pool', 2)).toEqual(['a', 'b']);
      harness.poolOf('a', 'b', 'c', 'd');
      expect(harness.picks('pool', 5)).toEqual(['c', 'a', 'b', 'd', 'c']);
      balancer.setPool('pool', { ownerId: 'owner', strategy: 'round_robin', memberIds: ['b', 'd'] });
      expect(harness.picks('pool', 3)).toEqual(['b', 'd', 'b']);
    });

    it('changes its strategy', () => {
      harness.poolOf('a', 'b');
      balancer.setPool('pool', { ownerId: 'owner', strategy: 'least_connections', memberIds: ['a', 'b'] });
      const [first, second] = [balancer.lease('pool'), balancer.lease('pool')];
      second.release('success');
      expect(balancer.lease('pool').instanceId).toBe(second.instanceId);
      expect(first.instanceId).not.toBe(second.instanceId);
    });

    it('never sends to an excluded member', () => {
      harness.poolOf('a', 'b');
      expect(balancer.lease('pool', new Set(['a'])).instanceId).toBe('b');
      expect(() => balancer.lease('pool', new Set(['a', 'b']))).toThrow('no_healthy_instance');
    });

    it('never sends to the instance of another owner', () => {
      harness.announce('a');
      balancer.setPool('theirs', { ownerId: 'somebody else', strategy: 'round_robin', memberIds: ['a'] });
      expect(() => balancer.lease('theirs')).toThrow('no_healthy_instance');
    });

    it('forgets an instance that passes to another owner', () => {
      harness.poolOf('a');
      balancer.lease('pool');
      balancer.setTarget({ ...harness.target('a'), ownerId: 'somebody else' });
      expect(() => balancer.lease('pool')).toThrow('no_healthy_instance');
      expect(balancer.loadsOf('owner')).toEqual([]);
      expect(balancer.load('a')).toMatchObject({ ownerId: 'somebody else', activeConnections: 0 });
    });

    it('ends with removePool; its instances stay', () => {
      harness.poolOf('a');
      balancer.removePool('pool');
      expect(() => balancer.lease('pool')).toThrow('no_healthy_instance');
      expect(balancer.load('a')).toBeDefined();
    });

    it('follows a change of weight', () => {
      harness.announce('a', 'b');
      const options = { ownerId: 'owner', strategy: 'weighted_round_robin', memberIds: ['a', 'b'] } as const;
      balancer.setPool('pool', options);
      balancer.setTarget({ ...harness.target('a'), weight: 4.5 });
      expect(harness.picks('pool', 8).filter((id) => id === 'a')).toHaveLength(6);
    });

    it('is not drawn to an instance that fails at once', () => {
      harness.announce('a', 'b');
      const options = { ownerId: 'owner', strategy: 'least_response_time', memberIds: ['a', 'b'] } as const;
      balancer.setPool('pool', options);
      const [broken, sound] = [balancer.lease('pool'), balancer.lease('pool')];
      broken.release('error');
      harness.clock.advance(400);
      sound.firstByte();
      sound.release('success');
      expect(balancer.lease('pool').instanceId).toBe(sound.instanceId);
    });

    it('shares what instances carry between pools', () => {
      harness.poolOf('a', 'b');
      balancer.setPool('pool', { ownerId: 'owner', strategy: 'least_connections', memberIds: ['a', 'b'] });
      balancer.setPool('solo', { ownerId: 'owner', strategy: 'round_robin', memberIds: ['a'] });
      const leases = [balancer.lease('solo'), balancer.lease('solo'), balancer.leaseInstance('a')];
      expect(harness.picks('pool', 3)).toEqual(['b', 'b', 'b']);
      leases.forEach((lease) => lease.release('success'));
      expect(balancer.lease('pool', new Set(['b'])).instanceId).toBe('a');
    });
  });

  describe('fenced instances', () => {
    it('get nothing new and keep their leases', () => {
      harness.poolOf('a', 'b');
      const kept = balancer.lease('pool');
      balancer.setTarget({ ...harness.target('a'), state: 'fenced' });
      expect(harness.picks('pool', 3)).toEqual(['b', 'b', 'b']);
      expect(balancer.load('a')).toMatchObject({ state: 'fenced', activeConnections: 1 });
      kept.release('success');
      expect(balancer.load('a')).toMatchObject({ activeConnections: 0, totalConnections: 1 });
    });

    it('come back with the counts they had', () => {
      harness.poolOf('a');
      balancer.lease('pool');
      balancer.setTarget({ ...harness.target('a'), state: 'fenced' });
      expect(() => balancer.lease('pool')).toThrow('no_healthy_instance');
      harness.announce('a');
      expect(balancer.lease('pool').instanceId).toBe('a');
      expect(balancer.load('a')).toMatchObject({ state: 'serving', activeConnections: 2 });
    });

    it('are still reached by name', () => {
      balancer.setTarget({ ...harness.target('a'), state: 'fenced' });
      expect(balancer.leaseInstance('a').instanceId).toBe('a');
      expect(() => balancer.leaseInstance('unknown')).toThrow('instance_not_found');
    });
  });

  it('tells when to try again: at the next health check', () => {
    const expected = { status: 503, headers: { 'retry-after': '7' } };
    expect(harness.failure(() => balancer.lease('pool'))).toMatchObject(expected);
  });

  describe('with balancing switched off', () => {
    beforeEach(() => {
      harness = new BalancerHarness(balancerConfig({ enabled: false }));
      balancer = harness.balancer;
    });

    it('sends everything to the oldest serving member', () => {
      harness.announce('old', 'young');
      balancer.setPool('pool', {
        ownerId: 'owner',
        strategy: 'least_connections',
        memberIds: ['young', 'old'],
      });
      expect(harness.picks('pool', 3)).toEqual(['old', 'old', 'old']);
      balancer.setTarget({ ...harness.target('old'), state: 'fenced' });
      expect(harness.picks('pool', 2)).toEqual(['young', 'young']);
      harness.announce('old');
      expect(harness.picks('pool', 2)).toEqual(['old', 'old']);
    });

    it('turns to others when the oldest is excluded or ejected', () => {
      harness.poolOf('old', 'young');
      expect(balancer.lease('pool', new Set(['old'])).instanceId).toBe('young');
      harness.failInARow('pool', 3);
      expect(balancer.load('old')?.state).toBe('ejected');
      expect(balancer.lease('pool').instanceId).toBe('young');
    });
  });

  describe('loads', () => {
    it('shows what each instance of the owner carries', () => {
      harness.poolOf('a', 'b');
      balancer.setTarget({ ...harness.target('foreign'), ownerId: 'somebody else' });
      const lease = balancer.lease('pool');
      harness.clock.advance(250);
      lease.firstByte();
      const now = harness.clock.now();
      expect(balancer.loadsOf('owner')).toEqual([
        {
          instanceId: 'a',
          ownerId: 'owner',
          provider: 'vast.ai',
          activeConnections: 1,
          totalConnections: 1,
          averageResponseTimeMs: 250,
          lastResponseTimeMs: 250,
          weight: 1.5,
          lastUsedAt: now - 250,
          state: 'serving',
        },
        expect.objectContaining({ instanceId: 'b', totalConnections: 0, lastUsedAt: undefined }),
      ]);
    });

    it("does not show another owner's instance", () => {
      harness.announce('a');
      expect(balancer.ownedLoad('owner', 'a').instanceId).toBe('a');
      for (const id of ['a', 'unknown']) {
        const refused = harness.failure(() => balancer.ownedLoad('somebody else', id));
        expect(refused).toMatchObject({ code: 'instance_not_found', status: 404 });
      }
    });
  });
});
