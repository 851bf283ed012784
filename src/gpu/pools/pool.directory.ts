import { Injectable } from '@nestjs/common';
import { DEFAULT_MCP_PATH, DEFAULT_POOL, type PoolProtocol } from './pool.entity.js';

/** A pool as the data plane needs it. */
export interface RoutablePool {
  /** The balancer's name for it. */
  key: string;
  name: string;
  ownerId: string;
  protocol: PoolProtocol;
  /** Container port; undefined = the first mapped one. */
  port?: number;
  mcpPath: string;
  models?: readonly string[];
  /** Credentials for the upstream, opened. */
  upstreamHeaders?: Readonly<Record<string, string>>;
}

export function poolKey(ownerId: string, name: string): string {
  return `${ownerId}/${name}`;
}

/** Pools by owner and name, in memory. Everybody has `default`. */
@Injectable()
export class PoolDirectory {
  private readonly byOwner = new Map<string, ReadonlyMap<string, RoutablePool>>();

  find(ownerId: string, name: string): RoutablePool | undefined {
    const known = this.byOwner.get(ownerId)?.get(name);
    return known ?? (name === DEFAULT_POOL ? defaultPool(ownerId) : undefined);
  }

  ofOwner(ownerId: string): readonly RoutablePool[] {
    return [...(this.byOwner.get(ownerId)?.values() ?? [])];
  }

  /** Returns the keys of pools that are no more. */
  replaceOwner(ownerId: string, pools: readonly RoutablePool[]): string[] {
    const kept = new Set(pools.map(({ key }) => key));
    const gone = this.ofOwner(ownerId).filter(({ key }) => !kept.has(key));
    this.byOwner.set(ownerId, new Map(pools.map((pool) => [pool.name, pool])));
    return gone.map(({ key }) => key);
  }
}

export function defaultPool(ownerId: string): RoutablePool {
  return {
    key: poolKey(ownerId, DEFAULT_POOL),
    name: DEFAULT_POOL,
    ownerId,
    protocol: 'http',
    mcpPath: DEFAULT_MCP_PATH,
  };
}
