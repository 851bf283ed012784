import type { FieldError } from '../../../common/domain-error.js';
import type { EnvelopeRequest } from '../../envelope-request.js';
import { memberSources } from '../../json-source.js';
import { invalidProxyRequest } from '../../proxy.errors.js';
import { batchNotSupported } from './mcp-protocol.errors.js';
import { isObject, type JsonObject } from './mcp-wire.js';

/** One message that a caller wants to send. */
export interface McpCall {
  method: string;
  /** The caller's own id as it was written; undefined for a notification. */
  idSource: string | undefined;
  params: JsonObject;
  /** As it was written: numbers keep their digits. */
  paramsSource: string;
}

/** In which session of a legacy server a call is made: ours, one of its own, or one that the caller holds. */
export type SessionChoice = { kind: 'shared' } | { kind: 'new' } | { kind: 'given'; sessionId: string };

const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params']);
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/;
const FIRST_ID = '1';

/**
 * Reads `{method, params}`, a whole JSON-RPC request, or a notification.
 * @throws DomainError 400 `batch_not_supported`, 422 `invalid_input`
 */
export function readCall({ body, method }: EnvelopeRequest): McpCall {
  if (Array.isArray(body?.value)) throw batchNotSupported();
  const value = isObject(body?.value) ? body.value : undefined;
  const errors = value ? errorsOf(value) : [{ field: 'body', message: 'must be an object with a method' }];
  if (method !== undefined && method !== 'POST')
    errors.push({ field: 'method', message: 'must be POST, or DELETE to end a session' });
  if (errors.length > 0 || !value) throw invalidProxyRequest(errors);
  const sources = memberSources(body?.source ?? '');
  const name = String(value.method);
  const hasId = value.id !== undefined && value.id !== null;
  return {
    method: name,
    idSource: name.startsWith('notifications/') ? undefined : hasId ? sources.get('id') : FIRST_ID,
    params: isObject(value.params) ? value.params : {},
    paramsSource: isObject(value.params) ? (sources.get('params') ?? '{}') : '{}',
  };
}

function errorsOf(value: JsonObject): FieldError[] {
  const { jsonrpc, id = null, method, params = null } = value;
  const errors: FieldError[] = [];
  const refuse = (name: string, message: string): void =>
    void errors.push({ field: `body.${name}`, message });
  if (typeof method !== 'string' || method === '') refuse('method', 'must be a text');
  if (jsonrpc !== undefined && jsonrpc !== '2.0') refuse('jsonrpc', 'must be 2.0');
  if (id !== null && typeof id !== 'string' && !Number.isInteger(id))
    refuse('id', 'must be a text or a whole number');
  if (params !== null && !isObject(params)) refuse('params', 'must be an object');
  const { _meta: meta } = isObject(params) ? params : {};
  if (meta !== undefined && !isObject(meta)) refuse('params._meta', 'must be an object');
  for (const name of Object.keys(value)) if (!MEMBERS.has(name)) refuse(name, 'is not a member of a request');
  return errors;
}

/** @throws DomainError 422 `invalid_input` */
export function readSession({ extras }: EnvelopeRequest): SessionChoice {
  const { session = null, session_id: sessionId = null } = extras;
  const errors: FieldError[] = [];
  if (session !== null && session !== 'auto' && session !== 'new') {
    errors.push({ field: 'session', message: 'must be auto or new' });
  }
  if (sessionId !== null && !(typeof sessionId === 'string' && SESSION_ID.test(sessionId))) {
    errors.push({ field: 'session_id', message: 'must be visible ASCII' });
  }
  if (session === 'new' && sessionId !== null) {
    errors.push({ field: 'session_id', message: 'cannot be given for a new session' });
  }
  if (errors.length > 0) throw invalidProxyRequest(errors);
  if (typeof sessionId === 'string') return { kind: 'given', sessionId };
  return { kind: session === 'new' ? 'new' : 'shared' };
}
