import type { HttpAnswer } from './provider-http.js';

const FIRST_SLOWDOWN_MS = 15_000;
const LONGEST_SLOWDOWN_MS = 120_000;
const FIRST_RETRY_MS = 300;

/**
 * How long to stay away after a 429: what the farm says, else 15 s doubling to 2 min. Neither farm promises to say
 * it; clients in the field have seen both the header and a `retry_after` in the body.
 */
export function slowdownMs(answer: HttpAnswer, attempt: number, scale: number): number {
  const asked = answer.retryAfterMs ?? retryAfterInBody(answer.body);
  return asked ?? scale * Math.min(FIRST_SLOWDOWN_MS * 2 ** (attempt - 1), LONGEST_SLOWDOWN_MS);
}

/** Before a read is repeated after network trouble or a 5xx: 0.3 s, doubling. */
export function retryMs(attempt: number, scale: number): number {
  return Math.min(scale, 1) * FIRST_RETRY_MS * 2 ** (attempt - 1);
}

function retryAfterInBody(body: unknown): number | undefined {
  const { retry_after: seconds } = (typeof body === 'object' && body !== null ? body : {}) as {
    retry_after?: unknown;
  };
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1000 : undefined;
}

/** The header `Retry-After`: seconds, or a date. */
export function parseRetryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
