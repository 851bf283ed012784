import type { Clock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/config.js';
import type { InstanceDirectory } from '../../src/gpu/pools/instance.directory.js';
import type { DestinationFinder } from '../../src/proxy/destination-finder.js';
import { McpAdmission } from '../../src/proxy/mcp/mcp-admission.js';
import { McpRouting } from '../../src/proxy/mcp/mcp-routing.js';
import type { McpSession } from '../../src/proxy/mcp/mcp-session.entity.js';
import type { McpSessionRepository } from '../../src/proxy/mcp/mcp-session.repository.js';
import { McpSessions } from '../../src/proxy/mcp/mcp-sessions.service.js';
import { McpHandler } from '../../src/proxy/mcp/mcp.handler.js';
import { OriginCheck } from '../../src/proxy/mcp/origin-check.js';
import { StreamLimit } from '../../src/proxy/mcp/stream-limit.js';
import type { Peers } from '../../src/proxy/peers.js';
import type { ProxyService } from '../../src/proxy/proxy.service.js';
import type { TransparentHandler } from '../../src/proxy/transparent.handler.js';

/** The table of MCP sessions, in memory. */
export function sessionTable(): McpSessionRepository {
  const rows = new Map<string, McpSession>();
  return {
    find: async (id: string) => rows.get(id) ?? null,
    save: async (session: McpSession) => void rows.set(session.id, session),
    touch: async () => undefined,
    remove: async (id: string) => void rows.delete(id),
    removeUnusedSince: async () => 0,
  } as unknown as McpSessionRepository;
}

interface Parts {
  config: AppConfig;
  clock: Clock;
  peers: Peers;
  instances: InstanceDirectory;
  finder: DestinationFinder;
  transparent: TransparentHandler;
  service: ProxyService;
}

/** `/mcp/{pool}` on a data plane that was put together by hand. */
export function mcpHandler(parts: Parts): McpHandler {
  const { config, clock, peers, instances, finder, transparent, service } = parts;
  const routing = new McpRouting(finder, instances, new McpSessions(sessionTable(), clock));
  const admission = new McpAdmission(new OriginCheck(config, peers), new StreamLimit());
  return new McpHandler(config, admission, routing, transparent, service);
}
