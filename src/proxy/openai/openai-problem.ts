import { toProblem } from '../../common/problem.js';
import type { FormattedProblem } from '../problem-format.js';

/**
 * The client retries 408, 409, 429 and 5xx by itself unless it is told: a second run changes nothing about these.
 * (openai 6.48, client.ts: shouldRetry.)
 */
const NEVER_AGAIN = new Set(['model_ambiguous', 'time_limit_exceeded', 'upstream_auth_required']);

export const DO_NOT_RETRY = ['x-should-retry', 'false'] as const;

/** OpenAI's envelope; `code` is ours, as in problem documents. */
export function openAiProblem(error: unknown, requestId: string): FormattedProblem {
  const { status, headers, body } = toProblem(error, requestId);
  const retry = NEVER_AGAIN.has(body.code) ? Object.fromEntries([DO_NOT_RETRY]) : {};
  return {
    status,
    headers: { ...headers, ...retry, 'content-type': 'application/json' },
    body: openAiError(status, body.code, body.detail, body.param ?? body.errors?.[0]?.field),
  };
}

/** The envelope itself: as a body, and as the last event of a stream that broke off. */
export function openAiError(status: number, code: string, message: string, param: unknown = null): object {
  return { error: { message, type: typeOf(status), param, code } };
}

function typeOf(status: number): string {
  if (status >= 500) return 'server_error';
  if (status === 401) return 'authentication_error';
  if (status === 402) return 'insufficient_quota';
  if (status === 403) return 'permission_error';
  return status === 429 ? 'rate_limit_error' : 'invalid_request_error';
}
