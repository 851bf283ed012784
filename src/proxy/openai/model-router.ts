import { Injectable } from '@nestjs/common';
import type { DomainError } from '../../common/domain-error.js';
import { InstanceDirectory } from '../../gpu/pools/instance.directory.js';
import { ModelDirectory } from '../../gpu/pools/models/model.directory.js';
import { ModelFreshness } from '../../gpu/pools/models/model-freshness.service.js';
import type { ModelOffer } from '../../gpu/pools/models/model-table.js';
import { DEFAULT_POOL } from '../../gpu/pools/pool.entity.js';
import { PoolDirectory, type RoutablePool } from '../../gpu/pools/pool.directory.js';
import { noHealthyInstance } from '../../loadbalancer/loadbalancer.errors.js';
import type { Destination } from '../destination.js';
import { DestinationFinder } from '../destination-finder.js';
import { noSuchPool } from '../proxy.errors.js';
import { modelAmbiguous, modelNotFound, modelNotInPool, modelRequired } from './openai.errors.js';

/** What a request says about where it wants to go. */
export interface ModelWish {
  /** As the body has it: `model` or `pool/model`. */
  model: string | undefined;
  /** The header X-Pool. */
  poolName: string | undefined;
}

export interface ModelRoute {
  /** Those members of the pool that serve the model. */
  destination: Destination;
  /** What the upstream calls the model; undefined when none was asked for. */
  model: string | undefined;
}

const STARTING_RETRY_MS = 5000;

/**
 * Finds the pool for a model. A model's full name comes first, because names hold slashes themselves; then
 * `pool/model`. Named pools win over `default`. A pool that is named and of which nobody knows what it serves gets the
 * request as it is.
 */
@Injectable()
export class ModelRouter {
  constructor(
    private readonly models: ModelDirectory,
    private readonly freshness: ModelFreshness,
    private readonly pools: PoolDirectory,
    private readonly instances: InstanceDirectory,
    private readonly finder: DestinationFinder,
  ) {}

  /**
   * At once when the model is known; else after its owner's instances were asked again.
   * @throws DomainError (or rejects) 400 `model_required`, 404 `pool_not_found` or `model_not_found`, 409
   * `model_ambiguous`, 503 `no_healthy_instance` when instances are still starting
   */
  route(ownerId: string, wish: ModelWish): ModelRoute | Promise<ModelRoute> {
    const found = this.find(ownerId, wish);
    if (found) return found;
    const answers = this.freshness.freshen(ownerId);
    if (!answers) throw this.notFound(ownerId, wish);
    return answers.then(() => {
      const late = this.find(ownerId, wish);
      if (late) return late;
      throw this.notFound(ownerId, wish);
    });
  }

  /** When nobody healthy was found; undefined when another look would see the same. */
  lookAgain(ownerId: string): Promise<void> | undefined {
    return this.freshness.catchUp(ownerId);
  }

  private find(ownerId: string, { model, poolName }: ModelWish): ModelRoute | undefined {
    if (poolName !== undefined) return this.inNamed(ownerId, poolName, model);
    if (model === undefined) throw modelRequired();
    const offer = choose(model, this.models.tableOf(ownerId).offersOf(model));
    return offer ? this.toOffer(offer) : this.byPrefix(ownerId, model);
  }

  private inNamed(ownerId: string, poolName: string, model: string | undefined): ModelRoute | undefined {
    const pool = this.pools.find(ownerId, poolName);
    if (!pool) throw noSuchPool(poolName);
    if (model === undefined) return this.toPool(pool, model);
    const exact = this.models.tableOf(ownerId).offerIn(poolName, model);
    if (exact) return this.toOffer(exact);
    return model.startsWith(`${poolName}/`)
      ? this.inPool(pool, model.slice(poolName.length + 1))
      : this.inPool(pool, model);
  }

  private byPrefix(ownerId: string, model: string): ModelRoute | undefined {
    const slash = model.indexOf('/');
    const pool = slash > 0 ? this.pools.find(ownerId, model.slice(0, slash)) : undefined;
    return pool && this.inPool(pool, model.slice(slash + 1));
  }

  private inPool(pool: RoutablePool, model: string): ModelRoute | undefined {
    const table = this.models.tableOf(pool.ownerId);
    const offer = table.offerIn(pool.name, model);
    if (offer) return this.toOffer(offer);
    return table.hasModelsOf(pool.name) ? undefined : this.toPool(pool, model);
  }

  private toOffer({ pool, leaseKey, model }: ModelOffer): ModelRoute {
    return { destination: this.finder.membersOf(pool, leaseKey), model: model.id };
  }

  private toPool(pool: RoutablePool, model: string | undefined): ModelRoute {
    return { destination: this.finder.membersOf(pool), model };
  }

  private notFound(ownerId: string, { model = '', poolName }: ModelWish): DomainError {
    const running = this.instances.ofOwner(ownerId).filter(({ hasService }) => hasService);
    const isStarting = running.length > 0 && !running.some(({ isServing }) => isServing);
    if (isStarting) return noHealthyInstance(STARTING_RETRY_MS);
    return poolName === undefined ? modelNotFound(model) : modelNotInPool(model, poolName);
  }
}

function choose(model: string, offers: readonly ModelOffer[]): ModelOffer | undefined {
  if (offers.length < 2) return offers[0];
  const named = offers.map(({ pool }) => pool.name).filter((name) => name !== DEFAULT_POOL);
  if (named.length > 1) throw modelAmbiguous(model, named);
  return offers[0];
}
