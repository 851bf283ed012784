import { ManualClock } from '../../src/common/clock.js';
import { DomainError } from '../../src/common/domain-error.js';
import { AppConfig } from '../../src/config/config.js';
import type { BalancerTarget } from '../../src/loadbalancer/balanced-instance.js';
import type { Lease, LeaseOutcome } from '../../src/loadbalancer/lease.js';
import { LoadBalancerService } from '../../src/loadbalancer/loadbalancer.service.js';
import type { StrategyName } from '../../src/loadbalancer/strategies/index.js';

export const EJECT_AFTER = 3;
export const EJECT_TIME_MS = 10_000;

export function balancerConfig(changes: Partial<AppConfig['loadBalancer']> = {}): AppConfig {
  return Object.assign(new AppConfig(), {
    loadBalancer: {
      enabled: true,
      strategy: 'round_robin',
      healthIntervalMs: 7000,
      ejectAfter: EJECT_AFTER,
      ejectTimeMs: EJECT_TIME_MS,
      maxEjectedPercent: 50,
      slowStartMs: 0,
      ...changes,
    },
  });
}

/** A balancer on a clock that the test moves, with one owner and one round-robin pool called `pool`. */
export class BalancerHarness {
  readonly clock = new ManualClock();
  readonly balancer: LoadBalancerService;

  constructor(config: AppConfig = balancerConfig()) {
    this.balancer = new LoadBalancerService(config, this.clock);
  }

  target(id: string): BalancerTarget {
    return { id, ownerId: 'owner', provider: 'vast.ai', weight: 1.5, state: 'serving' };
  }

  announce(...ids: string[]): void {
    ids.forEach((id) => this.balancer.setTarget(this.target(id)));
  }

  poolOf(...memberIds: string[]): void {
    this.announce(...memberIds);
    this.balancer.setPool('pool', { ownerId: 'owner', strategy: 'round_robin', memberIds });
  }

  /** Who gets the next connections; they are given back when all are picked, and blame nobody. */
  picks(poolKey: string, count: number): string[] {
    const leases = Array.from({ length: count }, () => this.balancer.lease(poolKey));
    leases.forEach((lease) => lease.release('aborted'));
    return leases.map(({ instanceId }) => instanceId);
  }

  /** Fails on the instance, by default on whoever the pool picks. */
  failInARow(poolKey: string, times: number, id?: string, outcome: LeaseOutcome = 'error'): void {
    for (let failure = 0; failure < times; failure++) {
      (id ? this.balancer.leaseInstance(id) : this.balancer.lease(poolKey)).release(outcome);
    }
  }

  leaseIfAny(poolKey: string, exclude?: ReadonlySet<string>): Lease[] {
    try {
      return [this.balancer.lease(poolKey, exclude)];
    } catch {
      return [];
    }
  }

  change(
    change: 'remove' | 'announce' | 'fence' | 'pool',
    id: string,
    strategy: StrategyName,
    memberIds: readonly string[],
  ): void {
    if (change === 'remove') this.balancer.removeTarget(id);
    if (change === 'announce') this.announce(id);
    if (change === 'fence') this.balancer.setTarget({ ...this.target(id), state: 'fenced' });
    if (change === 'pool') this.balancer.setPool('pool', { ownerId: 'owner', strategy, memberIds });
  }

  failure(work: () => unknown): DomainError {
    try {
      work();
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
    throw new Error('was not refused');
  }
}
