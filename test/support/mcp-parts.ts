import type { Clock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/config.js';
import type { InstanceDirectory } from '../../src/gpu/pools/instance.directory.js';
import type { DestinationFinder } from '../../src/proxy/destination-finder.js';
import { McpRouting } from '../../src/proxy/mcp/mcp-routing.js';
import type { McpSession } from '../../src/proxy/mcp/mcp-session.entity.js';
import type { McpSessionRepository } from '../../src/proxy/mcp/mcp-session.repository.js';
import { McpSessions } from '../../src/proxy/mcp/mcp-sessions.service.js';
import { McpHandler } from '../../src/proxy/mcp/mcp.handler.js';
import { EraDetector } from '../../src/proxy/protocols/mcp/era-detector.js';
import { LegacySessions } from '../../src/proxy/protocols/mcp/legacy-sessions.js';
import { McpCalls } from '../../src/proxy/protocols/mcp/mcp-calls.js';
import { McpExchange } from '../../src/proxy/protocols/mcp/mcp-exchange.js';
import { McpHttp } from '../../src/proxy/protocols/mcp/mcp-http.js';
import { McpRunner } from '../../src/proxy/protocols/mcp/mcp-runner.js';
import { McpProtocol } from '../../src/proxy/protocols/mcp/mcp.protocol.js';
import { ToolCatalogue } from '../../src/proxy/protocols/mcp/tool-catalogue.js';
import { RetryBudget } from '../../src/proxy/retry-budget.js';
import type { UpstreamClient } from '../../src/proxy/upstream.client.js';
import type { EnvelopeForwarding } from '../../src/proxy/envelope-forwarding.js';
import { OriginCheck } from '../../src/proxy/mcp/origin-check.js';
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

interface ClientParts {
  config: AppConfig;
  clock: Clock;
  upstream: UpstreamClient;
}

/** The client side of MCP: what POST gpu/proxy speaks with servers. */
export interface McpClientParts {
  http: McpHttp;
  exchange: McpExchange;
  eras: EraDetector;
  sessions: LegacySessions;
  calls: McpCalls;
}

export function mcpClient({ config, clock, upstream }: ClientParts): McpClientParts {
  const http = new McpHttp(config, upstream);
  const exchange = new McpExchange(http);
  const eras = new EraDetector(config, exchange, clock);
  const sessions = new LegacySessions(config, exchange, http, clock);
  const calls = new McpCalls(eras, exchange, sessions, new ToolCatalogue(clock));
  return { http, exchange, eras, sessions, calls };
}

interface Parts extends ClientParts {
  peers: Peers;
  instances: InstanceDirectory;
  finder: DestinationFinder;
  forwarding: EnvelopeForwarding;
  transparent: TransparentHandler;
  service: ProxyService;
}

/** `/mcp/{pool}`, and MCP in POST gpu/proxy, on a data plane that was put together by hand. */
export function mcpParts(parts: Parts): { mcp: McpHandler; protocol: McpProtocol } {
  const { config, clock, peers, instances, finder, forwarding, transparent, service } = parts;
  const routing = new McpRouting(finder, instances, new McpSessions(sessionTable(), clock));
  const { calls } = mcpClient(parts);
  const runner = new McpRunner(calls, routing, new RetryBudget(clock), service);
  return {
    mcp: new McpHandler(config, new OriginCheck(config, peers), routing, transparent, service),
    protocol: new McpProtocol(config, forwarding, routing, runner, service),
  };
}
