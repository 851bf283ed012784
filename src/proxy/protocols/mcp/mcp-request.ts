import { memberSources } from '../../json-source.js';
import { writeObject } from './mcp-message.js';
import type { McpCall } from './mcp-call.js';
import { encodeHeaderValue } from './header-values.js';
import {
  CLIENT_INFO,
  META_CLIENT_CAPABILITIES,
  META_CLIENT_INFO,
  META_PROTOCOL_VERSION,
  MODERN_VERSION,
} from './mcp-wire.js';

/** What of a call goes upstream, whatever the era. */
export type OutgoingCall = Pick<McpCall, 'method' | 'params' | 'paramsSource'>;

/** @param wireId ours, so that no two requests of a session share one; undefined for a notification */
export function writeRequest(call: OutgoingCall, wireId: string | undefined, isModern: boolean): string {
  const members = new Map([['jsonrpc', '"2.0"']]);
  if (wireId !== undefined) members.set('id', JSON.stringify(wireId));
  members.set('method', JSON.stringify(call.method));
  const params = isModern ? withEnvelope(call.paramsSource) : call.paramsSource;
  if (params !== '{}') members.set('params', params);
  return writeObject(members);
}

/** Every modern request says who asks and what that client can do. The caller may say more, but is not us. */
function withEnvelope(paramsSource: string): string {
  const params = memberSources(paramsSource);
  const meta = memberSources(params.get('_meta') ?? '{}');
  meta.set(META_PROTOCOL_VERSION, JSON.stringify(MODERN_VERSION));
  meta.set(META_CLIENT_INFO, JSON.stringify(CLIENT_INFO));
  if (!meta.has(META_CLIENT_CAPABILITIES)) meta.set(META_CLIENT_CAPABILITIES, '{}');
  return writeObject(params.set('_meta', writeObject(meta)));
}

const NAMED_BY: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/** The parts of a modern request that its headers repeat, flat. */
export function modernHeaders({ method, params }: OutgoingCall): string[] {
  const headers = ['mcp-protocol-version', MODERN_VERSION, 'mcp-method', encodeHeaderValue(method)];
  const name = params[NAMED_BY[method] ?? ''];
  if (typeof name === 'string') headers.push('mcp-name', encodeHeaderValue(name));
  return headers;
}
