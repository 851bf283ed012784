import { BalancedInstance, type BalancerTarget } from './balanced-instance.js';
import { BalancedPool } from './balanced-pool.js';
import type { OutlierOptions } from './outlier.js';
import type { BalancingStrategy } from './strategies/balancing-strategy.js';
import type { StrategyName } from './strategies/index.js';
import type { WarmUps } from './warm-ups.js';

export interface PoolOptions {
  ownerId: string;
  strategy: StrategyName;
  /** May name instances that are not announced yet, or no longer; they take part while they are known. */
  memberIds: readonly string[];
}

interface ListedPool {
  readonly pool: BalancedPool;
  readonly memberIds: Set<string>;
}

/** Which instances there are and which pools list them, in whatever order the two are announced. */
export class BalancerRegistry {
  private readonly instances = new Map<string, BalancedInstance>();
  private readonly pools = new Map<string, ListedPool>();
  /** By instance id, known or not. */
  private readonly poolsListing = new Map<string, Set<BalancedPool>>();
  private serials = 0;

  constructor(
    private readonly options: OutlierOptions,
    private readonly warmUps: WarmUps,
    private readonly newOrder: (name: StrategyName) => BalancingStrategy,
  ) {}

  instance(id: string): BalancedInstance | undefined {
    return this.instances.get(id);
  }

  allInstances(): Iterable<BalancedInstance> {
    return this.instances.values();
  }

  get poolCount(): number {
    return this.pools.size;
  }

  instancesOf(ownerId: string): BalancedInstance[] {
    return [...this.instances.values()].filter((instance) => instance.ownerId === ownerId);
  }

  pool(key: string): BalancedPool | undefined {
    return this.pools.get(key)?.pool;
  }

  setTarget(target: BalancerTarget): void {
    const known = this.instances.get(target.id);
    if (known?.ownerId === target.ownerId) return this.update(known, target);
    this.removeTarget(target.id);
    const { now } = this.warmUps;
    const instance = new BalancedInstance({ ...target }, ++this.serials, this.options, now);
    this.instances.set(target.id, instance);
    for (const pool of this.poolsListing.get(target.id) ?? []) this.join(pool, instance);
  }

  removeTarget(id: string): void {
    const instance = this.instances.get(id);
    if (!instance) return;
    this.instances.delete(id);
    for (const pool of this.poolsListing.get(id) ?? []) pool.leave(instance);
  }

  setPool(key: string, options: PoolOptions): void {
    const { pool, memberIds } = this.keptPool(key, options) ?? this.newPool(key, options);
    const wanted = new Set(options.memberIds);
    for (const id of memberIds) if (!wanted.has(id)) this.unlist(pool, memberIds, id);
    for (const id of wanted) if (!memberIds.has(id)) this.list(pool, memberIds, id);
  }

  removePool(key: string): void {
    const listed = this.pools.get(key);
    if (!listed) return;
    this.pools.delete(key);
    for (const id of listed.memberIds) this.unlist(listed.pool, listed.memberIds, id);
  }

  private update(known: BalancedInstance, target: BalancerTarget): void {
    if (!known.isServing) known.servingSince = this.warmUps.now;
    known.update({ ...target });
  }

  /** The pool as it is, unless its owner or strategy is another now: those make it a different pool. */
  private keptPool(key: string, { ownerId, strategy }: PoolOptions): ListedPool | undefined {
    const listed = this.pools.get(key);
    return listed?.pool.ownerId === ownerId && listed.pool.strategyName === strategy ? listed : undefined;
  }

  private newPool(key: string, { ownerId, strategy }: PoolOptions): ListedPool {
    this.removePool(key);
    const { maxEjectedPercent } = this.options;
    const order = this.newOrder(strategy);
    const pool = new BalancedPool(ownerId, strategy, order, maxEjectedPercent, this.warmUps);
    const listed = { pool, memberIds: new Set<string>() };
    this.pools.set(key, listed);
    return listed;
  }

  private list(pool: BalancedPool, memberIds: Set<string>, id: string): void {
    memberIds.add(id);
    this.poolsListing.set(id, (this.poolsListing.get(id) ?? new Set()).add(pool));
    const instance = this.instances.get(id);
    if (instance) this.join(pool, instance);
  }

  private unlist(pool: BalancedPool, memberIds: Set<string>, id: string): void {
    memberIds.delete(id);
    const listing = this.poolsListing.get(id);
    listing?.delete(pool);
    if (listing?.size === 0) this.poolsListing.delete(id);
    const instance = this.instances.get(id);
    if (instance) pool.leave(instance);
  }

  /** A pool never sends one owner's traffic to another's instance, whatever it lists. */
  private join(pool: BalancedPool, instance: BalancedInstance): void {
    if (pool.ownerId === instance.ownerId) pool.join(instance);
  }
}
