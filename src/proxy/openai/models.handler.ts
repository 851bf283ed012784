import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { ModelDirectory } from '../../gpu/pools/models/model.directory.js';
import { ModelFreshness } from '../../gpu/pools/models/model-freshness.service.js';
import type { ModelOffer } from '../../gpu/pools/models/model-table.js';
import { DEFAULT_POOL } from '../../gpu/pools/pool.entity.js';
import { PoolDirectory } from '../../gpu/pools/pool.directory.js';
import { malformedPath, noSuchPool } from '../proxy.errors.js';
import type { Visit } from '../visit.js';
import { ModelRouter } from './model-router.js';
import { modelNotFound } from './openai.errors.js';
import { poolNameOf } from './x-pool.js';

/** A model as GET /v1/models shows it. */
interface ModelView {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  /** Where requests for it go; several = they have to name one. */
  pools: string[];
}

/** GET /v1/models and GET /v1/models/{id}: the models of all pools of the caller, or of the one in X-Pool. */
@Injectable()
export class ModelsHandler {
  constructor(
    private readonly models: ModelDirectory,
    private readonly freshness: ModelFreshness,
    private readonly pools: PoolDirectory,
    private readonly router: ModelRouter,
  ) {}

  /** @throws DomainError (or rejects) 404 `model_not_found`, `pool_not_found`; 400 */
  async serve(visit: Visit): Promise<void> {
    const { userId } = visit.caller;
    const poolName = poolNameOf(visit.request.headers);
    if (poolName !== undefined && !this.pools.find(userId, poolName)) throw noSuchPool(poolName);
    await this.freshness.freshen(userId, Infinity);
    const views = this.list(visit.caller, poolName);
    const { parameter } = visit.match;
    if (parameter === '') return answer(visit, { object: 'list', data: views });
    answer(visit, await this.one(visit, views, poolName, decode(parameter)));
  }

  /** Those that the caller's key may ask. */
  private list({ userId, limits }: Caller, poolName: string | undefined): ModelView[] {
    const isAsked = ({ pool, model }: ModelOffer): boolean =>
      (poolName === undefined || pool.name === poolName) &&
      limits?.allowsModel?.(model.id) !== false &&
      limits?.allowsTarget?.([pool.name]) !== false;
    return [...this.models.tableOf(userId).all()].flatMap((offers) => toView(offers.filter(isAsked)) ?? []);
  }

  /** By the name that a request may have for it: `pool/model` finds the model too. */
  private async one(
    { caller }: Visit,
    views: readonly ModelView[],
    poolName: string | undefined,
    id: string,
  ): Promise<ModelView> {
    const exact = views.find((view) => view.id === id);
    if (exact) return exact;
    const { model, destination } = await this.router.route(caller.userId, { model: id, poolName });
    const view = this.list(caller, destination.poolName).find((found) => found.id === model);
    if (!view) throw modelNotFound(id);
    return { ...view, id };
  }
}

/** Requests go to named pools before `default`, so those are shown. */
function toView(offers: readonly ModelOffer[]): ModelView | undefined {
  const [first] = offers;
  if (!first) return undefined;
  const { id, created, ownedBy } = first.model;
  const names = offers.map(({ pool }) => pool.name);
  const named = names.filter((name) => name !== DEFAULT_POOL);
  return { id, object: 'model', created, owned_by: ownedBy, pools: named.length > 0 ? named : names };
}

function answer(visit: Visit, body: object): void {
  if (visit.response.destroyed) return;
  visit.answer(200, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(body)));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw malformedPath();
  }
}
