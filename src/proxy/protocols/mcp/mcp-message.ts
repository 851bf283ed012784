import { memberSources } from '../../json-source.js';
import { notMcp } from './mcp-protocol.errors.js';
import { isObject, type JsonObject } from './mcp-wire.js';

/** One JSON-RPC message, beside its text, which is passed on instead of being written anew. */
export interface McpMessage {
  kind: 'request' | 'notification' | 'response';
  value: JsonObject;
  source: string;
}

/** @throws DomainError 502 `upstream_protocol_error` for what is no JSON-RPC 2.0 message */
export function readMessage(source: string): McpMessage {
  const value = parse(source);
  if (!isObject(value) || value.jsonrpc !== '2.0') throw notMcp();
  if (typeof value.method === 'string') {
    return { kind: value.id === undefined ? 'notification' : 'request', value, source };
  }
  if (value.result === undefined && !isObject(value.error)) throw notMcp();
  return { kind: 'response', value, source };
}

export function errorCodeOf(message: McpMessage | undefined): number | undefined {
  const error = message?.value.error;
  return isObject(error) && typeof error.code === 'number' ? error.code : undefined;
}

/** The message with the id that its caller knows. */
export function withId(source: string, idSource: string): string {
  return writeObject(memberSources(source).set('id', idSource));
}

/** Adds to the `data` of an error what the caller may want to know. */
export function withErrorData(source: string, name: string, value: unknown): string {
  const members = memberSources(source);
  const error = memberSources(members.get('error') ?? '{}');
  const data = error.get('data') ?? '';
  const known = data.startsWith('{') ? memberSources(data) : new Map<string, string>();
  error.set('data', writeObject(known.set(name, JSON.stringify(value))));
  return writeObject(members.set('error', writeObject(error)));
}

/** The opposite of `memberSources`. */
export function writeObject(members: ReadonlyMap<string, string>): string {
  const texts = [...members].map(([name, source]) => `${JSON.stringify(name)}:${source}`);
  return `{${texts.join(',')}}`;
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw notMcp(error);
  }
}
