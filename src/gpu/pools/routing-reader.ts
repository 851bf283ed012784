import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../secrets/secret-box.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { RoutableInstance } from './instance.directory.js';
import { DEFAULT_POOL, type Pool, type PoolMember } from './pool.entity.js';
import { defaultPool, poolKey, type RoutablePool } from './pool.directory.js';
import { PoolRepository } from './pool.repository.js';

export interface RoutedPool {
  pool: RoutablePool;
  /** As the pool's row says it; null = the owner's default. */
  strategy: string | null;
}

/** Everything that routes one owner's requests. */
export interface OwnerRouting {
  rentals: Rental[];
  instances: RoutableInstance[];
  pools: RoutedPool[];
}

/** Reads one owner's routing from the database. */
@Injectable()
export class RoutingReader {
  constructor(
    private readonly rentals: RentalRepository,
    private readonly pools: PoolRepository,
    private readonly secrets: SecretBox,
  ) {}

  async owners(): Promise<string[]> {
    const running = await this.rentals.running();
    const owners = await this.pools.owners();
    return [...new Set([...running, ...owners].map(({ userId }) => userId))];
  }

  async read(userId: string): Promise<OwnerRouting> {
    const rentals = (await this.rentals.running(userId)).sort((a, b) => a.createdAt - b.createdAt);
    const pools = await this.pools.ofOwner(userId);
    const members = await this.pools.members(pools.map(({ id }) => id));
    return {
      rentals,
      instances: rentals.map((rental) => toInstance(rental, poolsOf(rental, pools, members))),
      pools: this.route(userId, { rentals, pools, members }),
    };
  }

  private route(
    userId: string,
    { rentals, pools, members }: { rentals: Rental[]; pools: Pool[]; members: PoolMember[] },
  ): RoutedPool[] {
    const named = pools.map((pool) => ({
      pool: this.toRoutable(
        pool,
        instanceIds(pool.name === DEFAULT_POOL ? rentals : membersOf(pool, rentals, members)),
      ),
      strategy: pool.strategy,
    }));
    const hasDefault = pools.some(({ name }) => name === DEFAULT_POOL);
    const implied = {
      pool: { ...defaultPool(userId), memberIds: instanceIds(rentals) },
      strategy: null,
    };
    return hasDefault ? named : [...named, implied];
  }

  private toRoutable(pool: Pool, memberIds: readonly string[]): RoutablePool {
    const sealed = pool.upstreamHeadersSealed;
    return {
      ...defaultPool(pool.userId),
      key: poolKey(pool.userId, pool.name),
      name: pool.name,
      protocol: pool.protocol,
      memberIds,
      port: pool.port ?? undefined,
      mcpPath: pool.mcpPath,
      models: pool.models ?? undefined,
      upstreamHeaders: sealed === null ? undefined : this.secrets.open(sealed, upstreamHeadersPlace(pool.id)),
    };
  }
}

export const upstreamHeadersPlace = (poolId: string): string => `pools|${poolId}|upstream_headers`;

function membersOf(pool: Pool, rentals: Rental[], members: PoolMember[]): Rental[] {
  const ids = new Set(members.filter(({ poolId }) => poolId === pool.id).map(({ rentalId }) => rentalId));
  return rentals.filter(({ id }) => ids.has(id));
}

function poolsOf(rental: Rental, pools: Pool[], members: PoolMember[]): Pool[] {
  const ids = new Set(members.filter(({ rentalId }) => rentalId === rental.id).map(({ poolId }) => poolId));
  return pools.filter(({ id, name }) => ids.has(id) || name === DEFAULT_POOL);
}

const instanceIds = (rentals: Rental[]): string[] =>
  rentals.map(({ instanceId }) => instanceId).filter((id) => id !== null);

/** A health path named with the rental wins over those of its pools. */
function toInstance(rental: Rental, pools: Pool[]): RoutableInstance {
  const poolWithPath = pools.find(({ healthPath }) => healthPath !== null);
  const path = rental.healthPath ?? poolWithPath?.healthPath ?? undefined;
  const port =
    rental.healthPath === null ? (poolWithPath?.healthPort ?? firstPort(pools)) : rental.healthPort;
  return {
    instanceId: rental.instanceId ?? rental.id,
    rentalId: rental.id,
    ownerId: rental.userId,
    provider: rental.provider,
    origins: new Map(
      Object.entries(rental.origins).map(([containerPort, origin]) => [Number(containerPort), origin]),
    ),
    isServing: rental.isServing,
    hasService: rental.hasService,
    health: { path, port: port ?? undefined, protocols: [...new Set(pools.map(({ protocol }) => protocol))] },
  };
}

const firstPort = (pools: Pool[]): number | null => pools.find(({ port }) => port !== null)?.port ?? null;
