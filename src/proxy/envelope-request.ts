import { FieldReader } from './field-reader.js';
import { memberSources } from './json-source.js';
import { malformedJson } from './proxy.errors.js';

/** The body of POST gpu/proxy, checked. */
export interface EnvelopeRequest {
  protocol: string;
  /** Exactly one of the three is given. */
  targetUrl?: URL;
  pool?: string;
  instanceId?: string;
  /** With pool or instance. */
  path?: string;
  method?: string;
  headers: Readonly<Record<string, string>>;
  /** Credentials for the upstream; never logged. */
  upstreamHeaders: Readonly<Record<string, string>>;
  body?: EnvelopeBody;
  timeoutMs?: number;
  isStream: boolean;
  /** Fields of single protocols, unchecked. */
  extras: Readonly<Record<string, unknown>>;
}

export interface EnvelopeBody {
  value: unknown;
  /** As it was written: numbers keep their digits. */
  source: string;
}

/** What the checks need to know of the family of protocols. */
export interface ProtocolFields {
  name: string;
  /** Fields that only some protocols have. */
  extraFields: readonly string[];
}

const COMMON_FIELDS = [
  'protocol',
  'target_url',
  'pool',
  'instance_id',
  'path',
  'method',
  'headers',
  'body',
  'timeout_ms',
  'stream',
  'stream_response',
  'upstream_headers',
];
const TARGETS = ['target_url', 'pool', 'instance_id'] as const;
const LONGEST_MS = 86_400_000;
const METHOD = /^[A-Z]{1,32}$/;
const PATH = /^\/[\x21-\x22\x24-\x7e]*$/;

/**
 * Reads the JSON text, whatever its content type says: curl calls JSON a form when it is not told better.
 * @throws DomainError 400 `malformed_json`, 422 `invalid_input`
 */
export function readEnvelope(text: string, protocols: readonly ProtocolFields[]): EnvelopeRequest {
  const members = parseObject(text);
  const reader = new FieldReader(members);
  const protocol = readProtocol(reader, protocols);
  const extras = protocol?.extraFields ?? protocols.flatMap(({ extraFields }) => extraFields);
  reader.refuseUnknown(new Set([...COMMON_FIELDS, ...extras]));
  const envelope: EnvelopeRequest = {
    protocol: protocol?.name ?? '',
    ...readTarget(reader),
    method: readMethod(reader),
    headers: reader.headers('headers'),
    upstreamHeaders: reader.headers('upstream_headers'),
    timeoutMs: reader.count('timeout_ms', LONGEST_MS),
    isStream: readStream(reader),
    extras: Object.fromEntries(extras.map((field) => [field, members[field]])),
    body: reader.has('body')
      ? { value: members.body, source: memberSources(text).get('body') ?? '' }
      : undefined,
  };
  reader.finish();
  return envelope;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedJson();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformedJson();
  return value as Record<string, unknown>;
}

function readProtocol(reader: FieldReader, protocols: readonly ProtocolFields[]): ProtocolFields | undefined {
  const name = reader.text('protocol');
  const known = protocols.find((protocol) => protocol.name === name);
  if (!known) reader.refuse('protocol', `must be one of: ${protocols.map(({ name }) => name).join(', ')}`);
  return known;
}

function readTarget(
  reader: FieldReader,
): Pick<EnvelopeRequest, 'targetUrl' | 'pool' | 'instanceId' | 'path'> {
  const given = TARGETS.filter((field) => reader.has(field));
  if (given.length !== 1) {
    const field = given[1] ?? 'target_url';
    reader.refuse(field, 'exactly one of target_url, pool and instance_id must be given');
  }
  const [pool, instanceId, path] = [reader.text('pool'), reader.text('instance_id'), reader.text('path')];
  if (path !== undefined && !PATH.test(path)) {
    reader.refuse('path', 'must start with / and be percent-encoded, without a fragment');
  }
  if (path !== undefined && given[0] === 'target_url') reader.refuse('path', 'is part of target_url');
  return { targetUrl: readUrl(reader), pool, instanceId, path };
}

function readUrl(reader: FieldReader): URL | undefined {
  const text = reader.text('target_url');
  if (text === undefined) return undefined;
  if (URL.canParse(text)) return new URL(text);
  reader.refuse('target_url', 'must be a URL');
  return undefined;
}

function readMethod(reader: FieldReader): string | undefined {
  const method = reader.text('method')?.toUpperCase();
  if (method === undefined) return undefined;
  if (!METHOD.test(method) || method === 'CONNECT' || method === 'TRACE') {
    reader.refuse('method', 'is not an HTTP method that can be proxied');
  }
  return method;
}

function readStream(reader: FieldReader): boolean {
  const [stream, alias] = [reader.flag('stream'), reader.flag('stream_response')];
  return stream || alias;
}
