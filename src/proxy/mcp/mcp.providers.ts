import { McpHandler } from './mcp.handler.js';
import { McpRouting } from './mcp-routing.js';
import { McpSession } from './mcp-session.entity.js';
import { McpSessionPurgeJob } from './mcp-session-purge.job.js';
import { McpSessionRepository } from './mcp-session.repository.js';
import { McpSessions } from './mcp-sessions.service.js';
import { OriginCheck } from './origin-check.js';

export const MCP_ENTITIES = [McpSession];

/** Everything behind `/mcp/{pool}`. */
export const MCP_PROVIDERS = [
  McpHandler,
  McpRouting,
  McpSessionPurgeJob,
  McpSessionRepository,
  McpSessions,
  OriginCheck,
];
