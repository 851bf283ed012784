import { newId } from '../../../common/id.js';
import { isModernVersion } from '../../mcp/mcp-headers.js';
import { rawHeader } from '../../raw-headers.js';
import { EraChanged, NOBODY } from './mcp-channel.js';
import type { McpExchange, McpLink, McpOutcome } from './mcp-exchange.js';
import { errorCodeOf } from './mcp-message.js';
import { noCommonVersion, notMcp } from './mcp-protocol.errors.js';
import { writeRequest, type OutgoingCall } from './mcp-request.js';
import type { McpTarget } from './mcp-target.js';
import { CLIENT_INFO, isObject, LEGACY_VERSION, UNSUPPORTED_VERSION } from './mcp-wire.js';

/** A handshake that was made. Servers without sessions give no id; the handshake holds all the same. */
export interface LegacySession {
  id: string | undefined;
  /** Unknown for a session that somebody else has opened: servers assume 2025-03-26 then. */
  version: string | undefined;
}

/** The server refused the handshake with a JSON-RPC error, which is the caller's answer. */
export class HandshakeRefused extends Error {
  constructor(readonly outcome: McpOutcome) {
    super('the MCP server refused to initialize');
  }
}

const PARAMS = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo: CLIENT_INFO };
const INITIALIZE: OutgoingCall = {
  method: 'initialize',
  params: PARAMS,
  paramsSource: JSON.stringify(PARAMS),
};
const INITIALIZED: OutgoingCall = { method: 'notifications/initialized', params: {}, paramsSource: '{}' };

/** Before there is a session, and for a session that a caller brings along. */
export function legacyLink(target: McpTarget, session?: LegacySession): McpLink {
  const headers = session?.version === undefined ? [] : ['mcp-protocol-version', session.version];
  if (session?.id !== undefined) headers.push('mcp-session-id', session.id);
  return { target, isModern: false, headers, hasSession: session?.id !== undefined };
}

/** initialize, its answer, and notifications/initialized. */
export async function initialize(
  exchange: McpExchange,
  target: McpTarget,
  signal: AbortSignal,
): Promise<LegacySession> {
  const id = newId();
  const request = { id, body: writeRequest(INITIALIZE, id, false), headers: [] };
  const outcome = await exchange.run(legacyLink(target), request, NOBODY, signal);
  const session = sessionFrom(outcome);
  const ready = { id: undefined, body: writeRequest(INITIALIZED, undefined, false), headers: [] };
  await exchange.run(legacyLink(target, session), ready, NOBODY, signal);
  return session;
}

function sessionFrom(outcome: McpOutcome): LegacySession {
  const { message, rawHeaders } = outcome;
  if (!message) throw notMcp();
  const { result } = message.value;
  if (errorCodeOf(message) === UNSUPPORTED_VERSION) throw new EraChanged();
  if (!isObject(result)) throw new HandshakeRefused(outcome);
  const { protocolVersion } = result;
  if (typeof protocolVersion !== 'string') throw notMcp();
  if (isModernVersion(protocolVersion)) throw noCommonVersion();
  return { id: rawHeader(rawHeaders, 'mcp-session-id'), version: protocolVersion };
}
