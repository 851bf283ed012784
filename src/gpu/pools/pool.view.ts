import { DEFAULT_MCP_PATH, DEFAULT_POOL, type Pool, type PoolProtocol } from './pool.entity.js';

export class PoolHealthView {
  path: string;
  port: number | null;
}

export class PoolMemberView {
  rental_id: string;
  instance_id: string | null;
  state: string;
  serving: boolean;
}

export class PoolView {
  name: string;
  /** The strategy in force. */
  strategy: string;
  /** Whether it is the pool's own or the owner's default. */
  strategy_is_default: boolean;
  protocol: PoolProtocol;
  port: number | null;
  health: PoolHealthView | null;
  models: string[];
  mcp_path: string;
  /** Whether credentials for the upstream are kept; their values are never shown. */
  has_upstream_headers: boolean;
  members: PoolMemberView[];
  /** Members that are balanced now. */
  serving: number;
  created_at: string | null;

  static from(pool: Pool | undefined, members: PoolMemberView[], ownersStrategy: string): PoolView {
    return {
      name: pool?.name ?? DEFAULT_POOL,
      strategy: pool?.strategy ?? ownersStrategy,
      strategy_is_default: !pool?.strategy,
      protocol: pool?.protocol ?? 'http',
      port: pool?.port ?? null,
      health: pool?.healthPath ? { path: pool.healthPath, port: pool.healthPort } : null,
      models: pool?.models ?? [],
      mcp_path: pool?.mcpPath ?? DEFAULT_MCP_PATH,
      has_upstream_headers: Boolean(pool?.upstreamHeadersSealed),
      members,
      serving: members.filter(({ serving }) => serving).length,
      created_at: pool ? new Date(pool.createdAt).toISOString() : null,
    };
  }
}

export class PoolListView {
  pools: PoolView[];
  count: number;
}
