import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http';
import type { Problem } from './errors.js';

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value ? value : undefined;

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads a refusal in any of the server's three shapes: problem+json under /api/v1, OpenAI's error envelope
 * under /v1 and {"error": text} under /v2. Anything else, e.g. a page of a proxy in between, keeps its status.
 */
export function parseProblem(status: number, headers: IncomingHttpHeaders, text: string): Problem {
  const body = parseJson(text);
  const fields = isObject(body) ? body : {};
  const nested = isObject(fields.error) ? fields.error : {};
  const retryAfter = Number(headers['retry-after']);
  return {
    status,
    code: textOf(fields.code) ?? textOf(nested.code) ?? textOf(nested.type) ?? 'http_error',
    detail:
      textOf(fields.detail) ??
      textOf(nested.message) ??
      textOf(fields.error) ??
      textOf(fields.title) ??
      withoutExplanation(status, headers),
    errors: fieldErrors(fields.errors),
    requestId: textOf(fields.request_id) ?? textOf(headers['x-request-id']),
    retryAfterSeconds: retryAfter >= 0 ? retryAfter : undefined,
    document: isObject(body) ? text : undefined,
  };
}

function withoutExplanation(status: number, headers: IncomingHttpHeaders): string {
  if (headers.location) return `the server points to ${headers.location}; name that address with -api`;
  return STATUS_CODES[status] ?? 'the server gave no reason';
}

function fieldErrors(value: unknown): Problem['errors'] {
  if (!Array.isArray(value)) return undefined;
  return value
    .filter(isObject)
    .map((error) => ({ field: String(error.field), message: String(error.message) }));
}
