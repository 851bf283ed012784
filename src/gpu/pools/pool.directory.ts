import { Injectable } from '@nestjs/common';
import type { StrategyName } from '../../loadbalancer/strategies/index.js';
import { DEFAULT_MCP_PATH, DEFAULT_POOL, type PoolProtocol } from './pool.entity.js';

/** A pool as the data plane needs it. */
export interface RoutablePool {
  /** The balancer's name for it. */
  key: string;
  name: string;
  ownerId: string;
  protocol: PoolProtocol;
  /** The one in force: its own or its owner's default. */
  strategy: StrategyName;
  /** Instance ids of its running members, oldest first. */
  memberIds: readonly string[];
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

/** Told that the pools or the running instances of an owner are others now. */
export type PoolListener = (ownerId: string) => void;

/** Pools by owner and name, in memory. Everybody has `default`. */
@Injectable()
export class PoolDirectory {
  private readonly byOwner = new Map<string, ReadonlyMap<string, RoutablePool>>();
  private readonly listeners = new Set<PoolListener>();

  find(ownerId: string, name: string): RoutablePool | undefined {
    const known = this.byOwner.get(ownerId)?.get(name);
    return known ?? (name === DEFAULT_POOL ? defaultPool(ownerId) : undefined);
  }

  ofOwner(ownerId: string): readonly RoutablePool[] {
    return [...(this.byOwner.get(ownerId)?.values() ?? [])];
  }

  *all(): Generator<RoutablePool> {
    for (const pools of this.byOwner.values()) yield* pools.values();
  }

  onReplaced(listener: PoolListener): void {
    this.listeners.add(listener);
  }

  /** Returns the keys of pools that are no more. The owner's instances are in their directory already. */
  replaceOwner(ownerId: string, pools: readonly RoutablePool[]): string[] {
    const kept = new Set(pools.map(({ key }) => key));
    const gone = this.ofOwner(ownerId).filter(({ key }) => !kept.has(key));
    this.byOwner.set(ownerId, new Map(pools.map((pool) => [pool.name, pool])));
    this.listeners.forEach((listener) => listener(ownerId));
    return gone.map(({ key }) => key);
  }
}

export function defaultPool(ownerId: string): RoutablePool {
  return {
    key: poolKey(ownerId, DEFAULT_POOL),
    name: DEFAULT_POOL,
    ownerId,
    protocol: 'http',
    strategy: 'round_robin',
    memberIds: [],
    mcpPath: DEFAULT_MCP_PATH,
  };
}
