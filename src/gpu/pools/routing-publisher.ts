import { Injectable } from '@nestjs/common';
import { LoadBalancerService } from '../../loadbalancer/loadbalancer.service.js';
import { StrategyPreferences } from '../../loadbalancer/strategy-preferences.service.js';
import { isStrategyName, type StrategyName } from '../../loadbalancer/strategies/index.js';
import { weightOf } from '../../loadbalancer/weights.js';
import { creditsFromMicro } from '../../common/money.js';
import type { Rental } from '../rentals/rental.entity.js';
import { InstanceDirectory } from './instance.directory.js';
import { PoolDirectory, type RoutablePool } from './pool.directory.js';
import { RoutingReader, type OwnerRouting, type RoutedPool } from './routing-reader.js';

/** Writes one owner's routing into the directories and the balancer. Runs for one owner never overlap. */
@Injectable()
export class RoutingPublisher {
  private readonly running = new Map<string, Promise<void>>();
  private readonly waiting = new Map<string, Promise<void>>();

  constructor(
    private readonly reader: RoutingReader,
    private readonly instances: InstanceDirectory,
    private readonly pools: PoolDirectory,
    private readonly balancer: LoadBalancerService,
    private readonly preferences: StrategyPreferences,
  ) {}

  async publishAll(): Promise<void> {
    for (const userId of await this.reader.owners()) await this.publishOwner(userId);
  }

  /**
   * One run at a time, so that an older reading never overwrites a newer one. Whoever comes while a run waits shares
   * it: it has read nothing yet.
   */
  publishOwner(userId: string): Promise<void> {
    const waiting = this.waiting.get(userId);
    if (waiting) return waiting;
    const current = this.running.get(userId);
    if (!current) return this.begin(userId);
    const next = current
      .catch(() => undefined)
      .then(() => {
        this.waiting.delete(userId);
        return this.begin(userId);
      });
    this.waiting.set(userId, next);
    return next;
  }

  /** Nothing new is sent to it from this moment on, before anything is written or read. */
  fence(rental: Rental): void {
    if (this.balancer.load(rental.instanceId ?? '')) this.setTarget({ ...rental, isServing: false });
  }

  /** It may be used from this moment on, so that whoever reads that it serves finds it so. */
  admit(rental: Rental): void {
    if (this.balancer.load(rental.instanceId ?? '')) this.setTarget({ ...rental, isServing: true });
  }

  private begin(userId: string): Promise<void> {
    const run = this.publish(userId).finally(() => this.running.delete(userId));
    this.running.set(userId, run);
    return run;
  }

  private async publish(userId: string): Promise<void> {
    const routing = await this.reader.read(userId);
    const fallback = await this.preferences.of(userId);
    const gone = this.instances.replaceOwner(userId, routing.instances);
    routing.rentals.forEach((rental) => this.setTarget(rental));
    this.publishPools(userId, routing, fallback);
    gone.forEach(({ instanceId }) => this.balancer.removeTarget(instanceId));
  }

  private publishPools(userId: string, routing: OwnerRouting, fallback: StrategyName): void {
    const pools = routing.pools.map((routed) => withStrategy(routed, fallback));
    const goneKeys = this.pools.replaceOwner(userId, pools);
    pools.forEach(({ key, ownerId, strategy, memberIds }) =>
      this.balancer.setPool(key, { ownerId, strategy, memberIds }),
    );
    goneKeys.forEach((key) => this.balancer.removePool(key));
  }

  private setTarget(rental: Rental): void {
    if (rental.instanceId === null) return;
    this.balancer.setTarget({
      id: rental.instanceId,
      ownerId: rental.userId,
      provider: rental.provider,
      weight: weightOf({ vramGb: rental.vramGb, pricePerHour: creditsFromMicro(rental.priceMicro) }),
      state: rental.isServing ? 'serving' : 'fenced',
    });
  }
}

function withStrategy({ pool, strategy }: RoutedPool, fallback: StrategyName): RoutablePool {
  return { ...pool, strategy: strategy !== null && isStrategyName(strategy) ? strategy : fallback };
}
