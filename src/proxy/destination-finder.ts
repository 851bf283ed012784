import { Injectable } from '@nestjs/common';
import { InstanceBusyTime } from '../credits/usage/instance-busy-time.js';
import { EgressGuard } from '../egress/guard.js';
import { InstanceDirectory, originOf, type RoutableInstance } from '../gpu/pools/instance.directory.js';
import { PoolDirectory, type RoutablePool } from '../gpu/pools/pool.directory.js';
import { LoadBalancerService } from '../loadbalancer/loadbalancer.service.js';
import type { Destination, Route } from './destination.js';
import { noServicePort, noSuchInstance, noSuchPool, noSuchRental } from './proxy.errors.js';
import { Stay } from './stay.js';

/** Turns what a caller names into a destination. In memory, but for typed URLs. */
@Injectable()
export class DestinationFinder {
  constructor(
    private readonly pools: PoolDirectory,
    private readonly instances: InstanceDirectory,
    private readonly balancer: LoadBalancerService,
    private readonly guard: EgressGuard,
    private readonly busyTime: InstanceBusyTime,
  ) {}

  /** @throws DomainError 404 `pool_not_found` */
  pool(ownerId: string, name: string): Destination {
    const pool = this.pools.find(ownerId, name);
    if (!pool) throw noSuchPool(name);
    return this.membersOf(pool);
  }

  /** The members of a pool; with another lease key those that the balancer knows by it. */
  membersOf(pool: RoutablePool, leaseKey = pool.key): Destination {
    return {
      poolKey: pool.key,
      poolName: pool.name,
      names: [pool.name],
      mcpPath: pool.mcpPath,
      upstreamHeaders: pool.upstreamHeaders,
      next: (tried) => this.member(pool, leaseKey, tried),
    };
  }

  /**
   * One member of a pool and no other, for what only that member knows; undefined when it no longer serves.
   * @throws DomainError 404 `pool_not_found`
   */
  memberOf(ownerId: string, name: string, rentalId: string): Destination | undefined {
    const { poolName, names, mcpPath, upstreamHeaders } = this.pool(ownerId, name);
    const instance = this.instances.findByRental(rentalId);
    if (instance?.ownerId !== ownerId || !instance.isServing) return undefined;
    const origin = originOf(instance, this.pools.find(ownerId, name)?.port);
    return origin === undefined
      ? undefined
      : { ...this.running(instance, origin), poolName, names, mcpPath, upstreamHeaders };
  }

  /** @throws DomainError 404 `instance_not_found`, also for another user's */
  instance(ownerId: string, instanceId: string): Destination {
    const instance = this.instances.find(instanceId);
    if (instance?.ownerId !== ownerId) throw noSuchInstance();
    return this.running(instance);
  }

  /** @throws DomainError 404 `rental_not_found`, also for another user's and for one that does not run */
  rental(ownerId: string, id: string): Destination {
    const instance = this.instances.findByRental(id) ?? this.instances.find(id);
    if (instance?.ownerId !== ownerId) throw noSuchRental();
    return this.running(instance);
  }

  /**
   * A URL that the caller typed: one of its own instances, or what the operator opened.
   * @throws DomainError 403 `target_not_allowed`; HostNotFoundError
   */
  async target(ownerId: string, url: URL): Promise<Destination> {
    const own = this.instances.ofOwner(ownerId).find((instance) => servesFrom(instance, url.origin));
    if (own) return { ...this.running(own, url.origin), url };
    await this.guard.check(url, 'target');
    return { names: [], url, next: () => ({ origin: url.origin, kind: 'target' }) };
  }

  private running(instance: RoutableInstance, origin = originOf(instance)): Destination {
    if (origin === undefined) throw noServicePort();
    const { instanceId, rentalId } = instance;
    return {
      names: [instanceId, rentalId],
      next: () => {
        const lease = new Stay(this.balancer.leaseInstance(instanceId), rentalId, this.busyTime);
        return { origin, kind: 'instance', instanceId, lease };
      },
    };
  }

  /** A member that has just lost the pool's port is passed over. */
  private member(pool: RoutablePool, leaseKey: string, tried: ReadonlySet<string>): Route {
    const lease = this.balancer.lease(leaseKey, tried);
    const { instanceId } = lease;
    const instance = this.instances.find(instanceId);
    const origin = instance && originOf(instance, pool.port);
    if (instance && origin !== undefined) {
      const stay = new Stay(lease, instance.rentalId, this.busyTime);
      return { origin, kind: 'instance', instanceId, lease: stay };
    }
    lease.release('aborted');
    return this.member(pool, leaseKey, new Set([...tried, instanceId]));
  }
}

function servesFrom({ origins }: RoutableInstance, origin: string): boolean {
  for (const mapped of origins.values()) if (new URL(mapped).origin === origin) return true;
  return false;
}
