import { rawHeader } from '../../raw-headers.js';
import type { McpCall } from './mcp-call.js';
import type { CallResult } from './mcp-calls.js';
import { withId } from './mcp-message.js';

export interface FinishedCall {
  call: McpCall;
  result: CallResult;
}

/** What a caller may want to know of the server's head. A session that calls share is nobody's business. */
const PASSED = ['content-type', 'mcp-protocol-version', 'retry-after'];

export function headersOf({ outcome, sessionId }: CallResult): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of PASSED) {
    const value = rawHeader(outcome.rawHeaders, name);
    if (value !== undefined) headers[name] = value;
  }
  if (sessionId !== undefined) headers['mcp-session-id'] = sessionId;
  return headers;
}

/** The response under the caller's own id; undefined for a notification. */
export function responseOf({ call, result }: FinishedCall): string | undefined {
  const { message } = result.outcome;
  if (!message) return undefined;
  return call.idSource === undefined ? message.source : withId(message.source, call.idSource);
}
