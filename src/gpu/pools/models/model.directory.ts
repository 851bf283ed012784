import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LoadBalancerService } from '../../../loadbalancer/loadbalancer.service.js';
import { InstanceDirectory } from '../instance.directory.js';
import { PoolDirectory } from '../pool.directory.js';
import type { ServedModel } from './model-listing.js';
import { serviceOf, type ModelService } from './model-service.js';
import { ModelTable } from './model-table.js';

/** What is learned within this time changes the tables once. */
const SETTLE_AFTER_MS = 100;
const NOTHING = new ModelTable([], () => undefined);

/**
 * Which of an owner's pools and instances serve a model, in memory: what instances have told (ModelDiscovery asks
 * them) and what owners have declared. Members that serve a model are announced to the balancer as a pool of their
 * own where they are not the whole pool, so that picking stays the strategy's work and costs O(log n).
 */
@Injectable()
export class ModelDirectory implements OnModuleInit {
  private readonly told = new Map<string, readonly ServedModel[]>();
  private readonly tables = new Map<string, ModelTable>();
  private readonly unsettled = new Set<string>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly pools: PoolDirectory,
    private readonly instances: InstanceDirectory,
    private readonly balancer: LoadBalancerService,
  ) {}

  onModuleInit(): void {
    this.pools.onReplaced((ownerId) => this.rebuild(ownerId));
  }

  tableOf(ownerId: string): ModelTable {
    return this.tables.get(ownerId) ?? NOTHING;
  }

  /** What a service has told; undefined = it tells nothing. Counts within SETTLE_AFTER_MS, or with `settle`. */
  learn({ key, ownerId }: ModelService, models: readonly ServedModel[] | undefined): void {
    const before = this.told.get(key);
    if (isSame(before, models)) return;
    if (models) this.told.set(key, models);
    else this.told.delete(key);
    this.unsettled.add(ownerId);
    this.timer ??= setTimeout(() => this.settleAll(), SETTLE_AFTER_MS).unref();
  }

  /** Makes what was learned about an owner's instances count; false when nothing was. */
  settle(ownerId: string): boolean {
    const isNew = this.unsettled.delete(ownerId);
    if (isNew) this.rebuild(ownerId);
    return isNew;
  }

  private settleAll(): void {
    this.timer = undefined;
    for (const ownerId of this.unsettled) this.settle(ownerId);
  }

  private rebuild(ownerId: string): void {
    const before = this.tableOf(ownerId);
    const table = new ModelTable(this.pools.ofOwner(ownerId), (pool, instanceId) => {
      const service = serviceOf(pool, instanceId, this.instances);
      return service && this.told.get(service.key);
    });
    this.tables.set(ownerId, table);
    for (const [key, part] of table.parts) this.balancer.setPool(key, part);
    for (const key of before.parts.keys()) if (!table.parts.has(key)) this.balancer.removePool(key);
  }
}

function isSame(
  before: readonly ServedModel[] | undefined,
  now: readonly ServedModel[] | undefined,
): boolean {
  return (
    before?.length === now?.length &&
    (before ?? []).every(
      ({ id, created, ownedBy }, index) =>
        id === now?.[index].id && created === now[index].created && ownedBy === now[index].ownedBy,
    )
  );
}
