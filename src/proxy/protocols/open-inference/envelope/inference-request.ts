import type { EnvelopeRequest } from '../../../envelope-request.js';
import { memberSources } from '../../../json-source.js';
import { readSurfacePath } from '../surface/surface-path.js';
import { badField } from './envelope.errors.js';
import { DIALECT_CHOICES, dialectOfPath, type Dialect } from './dialect.js';

/** The body of an `openinference` request: in the shape of an OpenAI completion, or with OIP's own `inputs`. */
export interface InferenceRequest {
  model?: string;
  /** Exactly one of the three is there. */
  prompt?: unknown;
  messages?: readonly unknown[];
  hasInputs: boolean;
  /** `plain`: messages are written one below the other for models that take a text. */
  chatTemplate?: string;
  isStream: boolean;
  /** The members of the body as they were written: numbers keep their digits. */
  sources: ReadonlyMap<string, string>;
  /** What the caller asked for by name. */
  dialect?: Dialect;
  /** The path as it was given, with its query; `/` when none was. */
  path: string;
  /** What its ending says: such a path is used as it is, any other is what the paths of a dialect begin with. */
  pathDialect?: Dialect;
}

const SUBJECTS = ['prompt', 'messages', 'inputs'] as const;

/** @throws DomainError 422 `invalid_input` */
export function readInferenceRequest(envelope: EnvelopeRequest): InferenceRequest {
  if (envelope.method !== undefined && envelope.method !== 'POST') {
    throw badField('method', 'is always POST with openinference');
  }
  const value = envelope.body?.value;
  if (!isObject(value)) throw badField('body', 'must be an object with prompt, messages or inputs');
  const path = pathOf(envelope);
  const dialect = readDialect(envelope);
  if (dialect === 'oip-grpc' && path !== '/') throw badField('path', 'has no meaning in gRPC');
  return {
    ...readSubject(value),
    model: readText(value, 'model') ?? modelIn(path),
    chatTemplate: readText(value, 'chat_template'),
    isStream: envelope.isStream || readStream(value) || isStreamPath(path),
    sources: memberSources(envelope.body?.source ?? '{}'),
    dialect,
    path,
    pathDialect: dialectOfPath(path),
  };
}

function readSubject(
  body: Record<string, unknown>,
): Pick<InferenceRequest, 'prompt' | 'messages' | 'hasInputs'> {
  const given = SUBJECTS.filter((name) => body[name] !== undefined && body[name] !== null);
  if (given.length !== 1) throw badField('body', 'must hold exactly one of prompt, messages and inputs');
  const { prompt, messages, inputs } = body;
  if (given[0] === 'messages' && !Array.isArray(messages)) throw badField('body.messages', 'must be a list');
  if (given[0] === 'inputs' && !Array.isArray(inputs)) throw badField('body.inputs', 'must be a list');
  return {
    prompt: prompt ?? undefined,
    messages: (messages ?? undefined) as unknown[] | undefined,
    hasInputs: given[0] === 'inputs',
  };
}

function readText(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw badField(`body.${name}`, 'must be a text');
}

function readStream({ stream }: Record<string, unknown>): boolean {
  if (stream === undefined || stream === null || typeof stream === 'boolean') return stream === true;
  throw badField('body.stream', 'must be true or false');
}

function readDialect({ extras, targetUrl }: EnvelopeRequest): Dialect | undefined {
  const given = extras.dialect ?? 'auto';
  const choice = DIALECT_CHOICES.find((name) => name === given);
  if (choice === undefined) throw badField('dialect', `must be one of: ${DIALECT_CHOICES.join(', ')}`);
  const isGrpc = targetUrl !== undefined && /^grpcs?:$/.test(targetUrl.protocol);
  if (!isGrpc) return choice === 'auto' ? undefined : choice;
  if (choice === 'auto' || choice === 'oip-grpc') return 'oip-grpc';
  throw badField('dialect', 'must be oip-grpc for a target_url that starts with grpc');
}

/** A path that holds the model's name says it all. */
function modelIn(path: string): string | undefined {
  const target = path.slice(Math.max(0, path.indexOf('/v2/models/')));
  const found = readSurfacePath(target);
  return found.kind === 'model' ? found.model : undefined;
}

function isStreamPath(path: string): boolean {
  return /\/generate_stream(?:\?|$)/.test(path);
}

function pathOf({ targetUrl, path }: EnvelopeRequest): string {
  if (!targetUrl) return path ?? '/';
  return `${targetUrl.pathname || '/'}${targetUrl.search}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
