import { EraDetector } from './era-detector.js';
import { LegacySessions } from './legacy-sessions.js';
import { McpCalls } from './mcp-calls.js';
import { McpExchange } from './mcp-exchange.js';
import { McpHttp } from './mcp-http.js';
import { McpRunner } from './mcp-runner.js';
import { ToolCatalogue } from './tool-catalogue.js';

/** Everything behind `protocol: "mcp"` of POST gpu/proxy. */
export const MCP_CLIENT_PROVIDERS = [
  EraDetector,
  LegacySessions,
  McpCalls,
  McpExchange,
  McpHttp,
  McpRunner,
  ToolCatalogue,
];
