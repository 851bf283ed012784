import { Injectable } from '@nestjs/common';
import { InstanceDirectory } from '../../../../gpu/pools/instance.directory.js';
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
  ) {}

  /**
   * At once when the model is known, else after the instances were asked.
   * @throws DomainError (or rejects) 404 `pool_not_found` or `model_not_found`, 409 `model_ambiguous`, 503
   * `no_healthy_instance` when instances are still starting
   */
  route(ownerId: string, { model, poolName }: ModelWish): Destination | Promise<Destination> {
    const named = poolName === undefined ? undefined : this.finder.pool(ownerId, poolName);
    if (named && model === undefined) return named;
    const wanted = model ?? '';
    const answers = this.models.freshen(ownerId, wanted);
    const found = this.find(ownerId, wanted, poolName);
    if (found) return found;
    const orElse = (): Destination => named ?? this.nobody(ownerId, wanted);
    return answers ? answers.then(() => this.find(ownerId, wanted, poolName) ?? orElse()) : orElse();
  }

  private find(ownerId: string, model: string, poolName: string | undefined): Destination | undefined {
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
