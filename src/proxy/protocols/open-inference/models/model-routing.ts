import { Injectable } from '@nestjs/common';
import { InstanceDirectory } from '../../../../gpu/pools/instance.directory.js';
import { ModelFreshness } from '../../../../gpu/pools/models/model-freshness.service.js';
import type { ModelOffer } from '../../../../gpu/pools/models/model-table.js';
import { DEFAULT_POOL } from '../../../../gpu/pools/pool.entity.js';
import type { Destination } from '../../../destination.js';
import { DestinationFinder } from '../../../destination-finder.js';
import { modelAmbiguous, modelNotFound, notServing } from '../open-inference.errors.js';
import { ServedModels } from './served-models.service.js';

/** What a request says about where it wants to go. */
export interface ModelWish {
  /** From the path; undefined for questions about the server itself. */
  model: string | undefined;
  /** The header X-Pool. */
  poolName: string | undefined;
}

/**
 * Finds the instances for a model. Named pools win over `default`. A pool that the caller names gets the request as it
 * is when nobody knows the model: its server's own error says more.
 */
@Injectable()
export class ModelRouting {
  constructor(
    private readonly models: ServedModels,
    private readonly finder: DestinationFinder,
    private readonly instances: InstanceDirectory,
    private readonly freshness: ModelFreshness,
  ) {}

  /**
   * At once when the model is known, else after the instances were asked.
   * @throws DomainError (or rejects) 404 `pool_not_found` or `model_not_found`, 409 `model_ambiguous`, 503
   * `no_healthy_instance` when instances are still starting
   */
  route(ownerId: string, wish: ModelWish): Destination | Promise<Destination> {
    const { model, poolName } = wish;
    if (model === undefined) return this.finder.pool(ownerId, poolName ?? DEFAULT_POOL);
    const answers = this.models.freshen(ownerId, model);
    const found = this.find(ownerId, model, poolName);
    if (found) return found;
    return answers
      ? answers.then(() => this.routeLate(ownerId, model, poolName))
      : this.routeLate(ownerId, model, poolName);
  }

  /** When nobody healthy was found; undefined when another look would see the same. */
  lookAgain(ownerId: string): Promise<void> | undefined {
    return this.freshness.catchUp(ownerId);
  }

  /** The last word, after a look at the database: an instance may have begun to serve a moment ago. */
  private async routeLate(
    ownerId: string,
    model: string,
    poolName: string | undefined,
  ): Promise<Destination> {
    const known = this.find(ownerId, model, poolName);
    if (known) return known;
    await this.freshness.catchUp(ownerId);
    await this.models.freshen(ownerId, model);
    const found = this.find(ownerId, model, poolName);
    if (found) return found;
    return poolName === undefined ? this.nobody(ownerId, model) : this.finder.pool(ownerId, poolName);
  }

  private find(ownerId: string, model: string, poolName: string | undefined): Destination | undefined {
    if (poolName !== undefined) this.finder.pool(ownerId, poolName);
    const table = this.models.tableOf(ownerId);
    const offer =
      poolName === undefined ? choose(model, table.offersOf(model)) : table.offerIn(poolName, model);
    if (!offer) return undefined;
    const { pool, leaseKey } = offer;
    return this.finder.membersOf(pool, this.models.leaseKeyOf(pool.key, leaseKey));
  }

  private nobody(ownerId: string, model: string): never {
    const running = this.instances.ofOwner(ownerId).filter(({ hasService }) => hasService);
    const isStarting = running.length > 0 && !running.some(({ isServing }) => isServing);
    throw isStarting ? notServing() : modelNotFound(model);
  }
}

/** `default` stands last. */
function choose(model: string, offers: readonly ModelOffer[]): ModelOffer | undefined {
  const named = offers.map(({ pool }) => pool.name).filter((name) => name !== DEFAULT_POOL);
  if (named.length > 1) throw modelAmbiguous(model, named);
  return offers[0];
}
