import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  ListToolsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, fromJsonSchema, inputRequired, McpServer } from '@modelcontextprotocol/server';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

/** A request as it reached the server. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  body: string;
}

/** A real MCP server on a port of its own. */
export interface McpTestServer {
  origin: string;
  url: string;
  seen: SeenRequest[];
  /** Emits `started` and `cancelled` when the tool `slow` begins and is cancelled. */
  events: EventEmitter;
  /** Lets the tool `slow` finish. */
  finishSlow(): void;
  close(): Promise<void>;
}

export interface LegacyTestServer extends McpTestServer {
  sessions: Map<string, StreamableHTTPServerTransport>;
  /** Forgets all sessions, as a restart does. */
  forgetSessions(): void;
}

const NOTHING = { type: 'object', properties: {} } as const;

/** MCP 2026-07-28 by the official v2 packages; with `legacy` also 2025-11-25, each request on its own. */
export async function startModernServer(
  port = 0,
  legacy: 'stateless' | 'reject' = 'reject',
): Promise<McpTestServer> {
  const events = new EventEmitter().setMaxListeners(0);
  const handler = createMcpHandler(() => modernServer(events), { legacy });
  const node = toNodeHandler(handler);
  const server = await listen((request, response) => void node(request, response), events, port);
  return {
    ...server,
    close: async () => {
      await handler.close();
      await server.close();
    },
  };
}

function modernServer(events: EventEmitter): McpServer {
  const server = new McpServer(
    { name: 'modern', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true } } },
  );
  server.registerTool(
    'add',
    { inputSchema: fromJsonSchema<{ a: number; b: number }>(ADD) },
    async ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] }),
  );
  server.registerTool('slow', { inputSchema: fromJsonSchema(NOTHING) }, async (_, context) => {
    const { _meta: meta, signal } = context.mcpReq;
    const progressToken = meta?.progressToken ?? 'none';
    await context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    events.emit('started');
    await finished(events, signal);
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('ask', { inputSchema: fromJsonSchema(NOTHING) }, async (_, context) => {
    const answer = context.mcpReq.inputResponses?.name;
    if (answer) return { content: [{ type: 'text', text: JSON.stringify(answer) }] };
    const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } };
    return inputRequired({
      inputRequests: { name: inputRequired.elicit({ message: 'Who?', requestedSchema }) },
    });
  });
  server.registerTool(
    'region',
    { inputSchema: fromJsonSchema<{ region: string }>(REGION) },
    async ({ region }) => ({ content: [{ type: 'text', text: region }] }),
  );
  server.registerTool(
    'generate',
    { inputSchema: fromJsonSchema<{ prompt: string }>(GENERATE) },
    async (input) => ({ content: [{ type: 'text', text: JSON.stringify(input) }] }),
  );
  return server;
}

const ADD = { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } } as const;
const GENERATE = { type: 'object', properties: { prompt: { type: 'string' } } } as const;
const REGION = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
} as const;

/** MCP 2025-11-25 with sessions by the official v1 package. */
export async function startLegacyServer(port = 0): Promise<LegacyTestServer> {
  const events = new EventEmitter().setMaxListeners(0);
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const server = await listen(
    (request, response) => {
      const sessionId = request.headers['mcp-session-id'];
      const transport = sessionId === undefined ? undefined : sessions.get(String(sessionId));
      if (transport) return void transport.handleRequest(request, response);
      if (sessionId !== undefined) return void response.writeHead(404).end();
      const opened = newTransport(sessions);
      void legacyServer(events)
        .connect(opened)
        .then(() => opened.handleRequest(request, response));
    },
    events,
    port,
  );
  const forgetSessions = (): void => {
    for (const transport of sessions.values()) void transport.close();
    sessions.clear();
  };
  const close = (): Promise<void> => {
    forgetSessions();
    return server.close();
  };
  return { ...server, sessions, forgetSessions, close };
}

function newTransport(sessions: Map<string, StreamableHTTPServerTransport>): StreamableHTTPServerTransport {
  const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  return transport;
}

function legacyServer(events: EventEmitter): LegacyServer {
  const server = new LegacyServer({ name: 'legacy', version: '1.0.0' }, { capabilities: { tools: {} } });
  let calls = 0;
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: ['count', 'slow', 'elicit', 'chat'].map((name) => ({ name, inputSchema: NOTHING })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    calls += 1;
    const text = (value: string): { content: { type: 'text'; text: string }[] } => ({
      content: [{ type: 'text', text: value }],
    });
    switch (params.name) {
      case 'count':
        return text(String(calls));
      case 'chat':
        return text(JSON.stringify(params.arguments));
      case 'elicit': {
        const requestedSchema = { type: 'object' as const, properties: {} };
        const request = {
          method: 'elicitation/create' as const,
          params: { message: 'Who?', requestedSchema },
        };
        const answer = await extra.sendRequest(request, ElicitResultSchema).catch((error: Error) => error);
        return text(answer instanceof Error ? answer.message : JSON.stringify(answer));
      }
      case 'slow': {
        const { _meta: meta } = extra;
        const progressToken = meta?.progressToken ?? 'none';
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress: 1 },
        });
        events.emit('started');
        await finished(events, extra.signal);
        return text('done');
      }
      default:
        throw new Error('no such tool');
    }
  });
  return server;
}

/** Until the test says so, or the request is cancelled. */
async function finished(events: EventEmitter, signal: AbortSignal): Promise<void> {
  signal.addEventListener('abort', () => events.emit('cancelled'));
  await once(events, 'finish', { signal }).catch(() => undefined);
}

async function listen(handle: RequestListener, events: EventEmitter, port: number): Promise<McpTestServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const entry: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body: '',
    };
    seen.push(entry);
    const push = request.push.bind(request);
    request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk) entry.body += chunk.toString();
      return push(chunk, encoding);
    };
    handle(request, response);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    url: `${origin}/mcp`,
    seen,
    events,
    finishSlow: () => events.emit('finish'),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
