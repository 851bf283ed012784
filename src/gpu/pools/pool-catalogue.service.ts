import { Injectable } from '@nestjs/common';
import { StrategyPreferences } from '../../loadbalancer/strategy-preferences.service.js';
import { poolNotFound } from '../gpu.errors.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Rental } from '../rentals/rental.entity.js';
import { DEFAULT_POOL, type Pool, type PoolMember } from './pool.entity.js';
import { PoolRepository } from './pool.repository.js';
import { PoolView, type PoolListView, type PoolMemberView } from './pool.view.js';

/** Pools as their owner sees them. */
@Injectable()
export class PoolCatalogue {
  constructor(
    private readonly pools: PoolRepository,
    private readonly rentals: RentalRepository,
    private readonly preferences: StrategyPreferences,
  ) {}

  async list(userId: string): Promise<PoolListView> {
    const pools = await this.views(userId);
    return { pools, count: pools.length };
  }

  async get(userId: string, name: string): Promise<PoolView> {
    const found = (await this.views(userId)).find((pool) => pool.name === name);
    if (!found) throw poolNotFound(name);
    return found;
  }

  /** `default` first, whether it has a row or not. */
  private async views(userId: string): Promise<PoolView[]> {
    const rows = await this.pools.ofOwner(userId);
    const members = await this.pools.members(rows.map(({ id }) => id));
    const rentals = await this.rentals.findMany(members.map(({ rentalId }) => rentalId));
    const running = await this.rentals.running(userId);
    const strategy = await this.preferences.of(userId);
    const fallback = rows.find(({ name }) => name === DEFAULT_POOL);
    const named = rows.filter(({ name }) => name !== DEFAULT_POOL);
    return [
      PoolView.from(fallback, running.map(toMember), strategy),
      ...named.map((pool) => PoolView.from(pool, membersOf(pool, members, rentals), strategy)),
    ];
  }
}

function membersOf(pool: Pool, members: readonly PoolMember[], rentals: readonly Rental[]): PoolMemberView[] {
  const ids = new Set(members.filter(({ poolId }) => poolId === pool.id).map(({ rentalId }) => rentalId));
  return rentals.filter(({ id }) => ids.has(id)).map(toMember);
}

function toMember({ id, instanceId, state, isServing }: Rental): PoolMemberView {
  return { rental_id: id, instance_id: instanceId, state, serving: isServing };
}
