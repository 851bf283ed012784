import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { BucketHistogram } from '../common/metrics/bucket-histogram.js';
import { AppConfig } from '../config/config.js';
import type { BalancerTarget } from './balanced-instance.js';
import { BalancerRegistry, type PoolOptions } from './balancer-registry.js';
import { GaugeBook, type EngineGauge } from './gauge-book.js';
import { loadOf, type InstanceLoad } from './instance-load.js';
import { LeaseBook } from './lease-book.js';
import type { Lease } from './lease.js';
import { instanceNotFound, noHealthyInstance } from './loadbalancer.errors.js';
import { STRATEGIES } from './strategies/index.js';
import { OldestFirstStrategy } from './strategies/oldest-first.strategy.js';
import { WarmUps } from './warm-ups.js';

export interface BalancerOverview {
  instances: Iterable<{ provider: string; state: string }>;
  pools: number;
  firstBytes: BucketHistogram;
  /** Circuits opened since the start. */
  ejectionCount: number;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * Picks instances and counts what they carry, in memory and without waiting. The owner of pools announces instances
 * and memberships; the balancer never asks back. All numbers are this process's own.
 */
@Injectable()
export class LoadBalancerService {
  private readonly registry: BalancerRegistry;
  private readonly leases: LeaseBook;
  private readonly gauges: GaugeBook;
  private readonly warmUps: WarmUps;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    const { enabled, slowStartMs } = config.loadBalancer;
    this.leases = new LeaseBook(clock);
    this.gauges = new GaugeBook(clock);
    this.warmUps = new WarmUps(clock, slowStartMs);
    this.registry = new BalancerRegistry(config.loadBalancer, this.warmUps, (name) =>
      enabled ? new STRATEGIES[name](clock) : new OldestFirstStrategy(),
    );
  }

  /**
   * Announces an instance or what has changed about it; it keeps its counts and connections. Announce older ones
   * first: with LB_ENABLED=false the first announced of a pool takes the traffic.
   */
  setTarget(target: BalancerTarget): void {
    this.registry.setTarget(target);
  }

  /** The instance is gone. Its open leases may still be released; announced again, it starts from nothing. */
  removeTarget(id: string): void {
    this.registry.removeTarget(id);
  }

  /** Makes a pool or changes its members; with the same strategy the order goes on where it was. */
  setPool(poolKey: string, options: PoolOptions): void {
    this.registry.setPool(poolKey, options);
  }

  removePool(poolKey: string): void {
    this.registry.removePool(poolKey);
  }

  /**
   * Picks the pool's next instance and counts a connection to it.
   * @param exclude instances already tried for this request
   * @throws DomainError 503 `no_healthy_instance` with Retry-After, also for an unknown pool
   */
  lease(poolKey: string, exclude: ReadonlySet<string> = NOBODY): Lease {
    this.leases.endEjections();
    this.gauges.forgetOld();
    this.warmUps.advance();
    const instance = this.registry.pool(poolKey)?.pick(exclude);
    if (!instance) throw noHealthyInstance(this.retryAfterMs(poolKey));
    return this.leases.open(instance);
  }

  /**
   * Counts a connection to an instance that the caller names, fenced and ejected ones included: nobody else would do.
   * @throws DomainError 404 `instance_not_found` for an instance that was not announced
   */
  leaseInstance(instanceId: string): Lease {
    this.leases.endEjections();
    const instance = this.registry.instance(instanceId);
    if (!instance) throw instanceNotFound();
    return this.leases.open(instance);
  }

  /**
   * What an instance's engine says about its load; it counts for `least_connections`, for GAUGE_MAX_AGE_MS. An unknown
   * instance is ignored: it may be gone by the time it answers.
   */
  reportGauge(instanceId: string, gauge: EngineGauge): void {
    const instance = this.registry.instance(instanceId);
    if (instance) this.gauges.report(instance, gauge);
  }

  loadsOf(ownerId: string): InstanceLoad[] {
    this.leases.endEjections();
    return this.registry.instancesOf(ownerId).map(loadOf);
  }

  load(instanceId: string): InstanceLoad | undefined {
    this.leases.endEjections();
    const instance = this.registry.instance(instanceId);
    return instance && loadOf(instance);
  }

  /** @throws DomainError 404 `instance_not_found` for an unknown instance and for another user's */
  ownedLoad(ownerId: string, instanceId: string): InstanceLoad {
    const load = this.load(instanceId);
    if (load?.ownerId !== ownerId) throw instanceNotFound();
    return load;
  }

  /** For whoever watches the service: everybody's instances by provider and state, and what leases have shown. */
  get overview(): BalancerOverview {
    this.leases.endEjections();
    const { firstBytes, ejectionCount } = this.leases;
    return {
      instances: this.registry.allInstances(),
      pools: this.registry.poolCount,
      firstBytes,
      ejectionCount,
    };
  }

  private retryAfterMs(poolKey: string): number {
    const nextChanceAt = this.registry.pool(poolKey)?.nextChanceAt;
    if (nextChanceAt === undefined) return this.config.loadBalancer.healthIntervalMs;
    return nextChanceAt - this.clock.now();
  }
}
