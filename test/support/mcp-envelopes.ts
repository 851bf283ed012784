import { AUTH } from './mcp-proxies.js';
import type { LegacyTestServer, McpTestServer, SeenRequest } from './mcp-servers.js';
import type { ProxyHarness } from './proxy-harness.js';

/** An answer of POST gpu/proxy, or a problem. */
export interface EnvelopeReply {
  status: number;
  headers: Headers;
  text: string;
  body: {
    status_code: number;
    headers: Record<string, string>;
    body: {
      id?: unknown;
      result?: { content?: { text: string }[]; [name: string]: unknown };
      error?: { code: number; message: string; data?: Record<string, unknown> };
    } | null;
    notifications: { method: string; params: Record<string, unknown> }[];
    attempts: number;
    instance_id?: string;
    code?: string;
    errors?: { field: string }[];
  };
}

/** Sends a text as the body of POST gpu/proxy. */
export async function sendEnvelope(
  proxy: ProxyHarness,
  text: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<EnvelopeReply> {
  const answer = await fetch(`${proxy.url}/api/v1/gpu/proxy`, {
    method: 'POST',
    headers: { ...AUTH, 'content-type': 'application/json', ...headers },
    body: text,
    signal,
  });
  const received = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  const body = (isJson && received !== '' ? JSON.parse(received) : {}) as EnvelopeReply['body'];
  return { status: answer.status, headers: answer.headers, text: received, body };
}

/** A message to the pool `tools`, or to what `more` says. */
export function ask(
  proxy: ProxyHarness,
  body: unknown,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<EnvelopeReply> {
  return sendEnvelope(proxy, JSON.stringify({ protocol: 'mcp', pool: 'tools', body, ...more }), headers);
}

export const toolCall = (name: string, args: object = {}, more: object = {}): object => ({
  method: 'tools/call',
  params: { name, arguments: args, ...more },
});

export function textOf({ body, text }: EnvelopeReply): string {
  const found = body.body?.result?.content?.[0].text;
  if (found === undefined) throw new Error(`no text in ${text}`);
  return found;
}

/** The JSON-RPC messages that have reached a server, beside their heads. */
export function messagesAt({
  seen,
}: McpTestServer | LegacyTestServer): (SeenRequest & { message: Message })[] {
  return seen
    .filter(({ method }) => method === 'POST')
    .map((request) => ({ ...request, message: JSON.parse(request.body) as Message }));
}

interface Message {
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  error?: { code: number };
}

export const methodsAt = (server: McpTestServer | LegacyTestServer): (string | undefined)[] =>
  messagesAt(server).map(({ message }) => message.method);

export const problemOf = ({ status, body }: EnvelopeReply): [number, string | undefined] => [
  status,
  body.code,
];
