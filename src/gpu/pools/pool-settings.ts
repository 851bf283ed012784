import { SecretBox } from '../../secrets/secret-box.js';
import type { UpdatePoolDto } from './dto/update-pool.dto.js';
import { DEFAULT_MCP_PATH, type Pool } from './pool.entity.js';
import { upstreamHeadersPlace } from './routing-reader.js';

/** The columns that a request changes: only what it names. `null` sets the default. */
export function settingsFrom(poolId: string, dto: UpdatePoolDto, secrets: SecretBox): Partial<Pool> {
  const patch: Partial<Pool> = {};
  if (dto.strategy !== undefined) patch.strategy = dto.strategy;
  if (dto.protocol !== undefined) patch.protocol = dto.protocol ?? 'http';
  if (dto.port !== undefined) patch.port = dto.port;
  if (dto.models !== undefined) patch.models = dto.models;
  if (dto.mcp_path !== undefined) patch.mcpPath = dto.mcp_path ?? DEFAULT_MCP_PATH;
  if (dto.health !== undefined) {
    patch.healthPath = dto.health?.path ?? null;
    patch.healthPort = dto.health?.port ?? null;
  }
  if (dto.upstream_headers !== undefined) {
    const headers = dto.upstream_headers;
    patch.upstreamHeadersSealed = headers && secrets.seal(headers, upstreamHeadersPlace(poolId));
  }
  return patch;
}

export function newPool(id: string, userId: string, name: string, createdAt: number): Pool {
  return {
    id,
    userId,
    name,
    strategy: null,
    protocol: 'http',
    port: null,
    healthPath: null,
    healthPort: null,
    models: null,
    mcpPath: DEFAULT_MCP_PATH,
    upstreamHeadersSealed: null,
    createdAt,
  };
}
