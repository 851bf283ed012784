import type { PoolOptions } from '../../../loadbalancer/balancer-registry.js';
import { DEFAULT_POOL } from '../pool.entity.js';
import type { RoutablePool } from '../pool.directory.js';
import { declaredModel, type ServedModel } from './model-listing.js';

/** A pool that serves a model. */
export interface ModelOffer {
  pool: RoutablePool;
  model: ServedModel;
  /** The balancer's name for those members that serve it: the pool's own when all do. */
  leaseKey: string;
}

/** What a member of a pool has told; undefined when it has told nothing. */
export type ToldModels = (pool: RoutablePool, instanceId: string) => readonly ServedModel[] | undefined;

interface Service {
  model: ServedModel;
  memberIds: string[];
}

const NONE: readonly ModelOffer[] = [];

/** Which pools of one owner serve which models; never changed once it is made. */
export class ModelTable {
  /** The parts of pools that have to be known to the balancer, by lease key. */
  readonly parts = new Map<string, PoolOptions>();
  private readonly byModel = new Map<string, ModelOffer[]>();
  private readonly byPool = new Map<string, Map<string, ModelOffer>>();

  constructor(pools: readonly RoutablePool[], told: ToldModels) {
    const isDefault = ({ name }: RoutablePool): boolean => name === DEFAULT_POOL;
    for (const pool of pools) if (!isDefault(pool)) this.addPool(pool, told);
    for (const pool of pools) if (isDefault(pool)) this.addPool(pool, told);
  }

  /** The pools that serve a model, `default` last. */
  offersOf(model: string): readonly ModelOffer[] {
    return this.byModel.get(model) ?? NONE;
  }

  offerIn(poolName: string, model: string): ModelOffer | undefined {
    return this.byPool.get(poolName)?.get(model);
  }

  /** False when nobody knows what a pool serves. */
  hasModelsOf(poolName: string): boolean {
    return (this.byPool.get(poolName)?.size ?? 0) > 0;
  }

  /** By model id, in the order they became known. */
  all(): IterableIterator<readonly ModelOffer[]> {
    return this.byModel.values();
  }

  private addPool(pool: RoutablePool, told: ToldModels): void {
    const offers = new Map<string, ModelOffer>();
    this.byPool.set(pool.name, offers);
    const keys = new Map<string, string>();
    for (const { model, memberIds } of servicesOf(pool, told)) {
      const offer = { pool, model, leaseKey: this.leaseKeyOf(pool, model.id, memberIds, keys) };
      offers.set(model.id, offer);
      this.byModel.set(model.id, [...this.offersOf(model.id), offer]);
    }
  }

  /** Models with the same members share one part, so that an instance with a hundred adapters is not in a hundred. */
  private leaseKeyOf(
    pool: RoutablePool,
    model: string,
    memberIds: string[],
    keys: Map<string, string>,
  ): string {
    if (memberIds.length === pool.memberIds.length) return pool.key;
    const members = memberIds.join(' ');
    const known = keys.get(members);
    if (known !== undefined) return known;
    const key = `${pool.key}#${model}`;
    keys.set(members, key);
    this.parts.set(key, { ownerId: pool.ownerId, strategy: pool.strategy, memberIds });
    return key;
  }
}

/** Told models and those that the owner has declared, with the members that serve each. */
function servicesOf(pool: RoutablePool, told: ToldModels): Iterable<Service> {
  const services = new Map<string, Service>();
  const silent: string[] = [];
  for (const instanceId of pool.memberIds) {
    const models = told(pool, instanceId);
    if (!models) silent.push(instanceId);
    for (const model of models ?? []) addMember(services, model, instanceId);
  }
  for (const id of pool.models ?? []) declare(services, id, silent, pool);
  return services.values();
}

function addMember(services: Map<string, Service>, model: ServedModel, instanceId: string): void {
  const service = services.get(model.id);
  if (service) service.memberIds.push(instanceId);
  else services.set(model.id, { model, memberIds: [instanceId] });
}

/** A declaration speaks for those that do not tell themselves; when nobody lists the model, for all. */
function declare(
  services: Map<string, Service>,
  id: string,
  silent: readonly string[],
  { memberIds }: RoutablePool,
): void {
  const service = services.get(id);
  if (!service) {
    services.set(id, { model: declaredModel(id), memberIds: [...memberIds] });
    return;
  }
  const members = new Set([...service.memberIds, ...silent]);
  service.memberIds = memberIds.filter((member) => members.has(member));
}
