import type { IncomingMessage } from 'node:http';
import type { RequestSize } from '../credits/requests/request-pricing.js';
import { outputLimitOf } from './output-limit.js';
import { SMALL_BODY_BYTES, declaredLength, hasBody } from './request-body.js';

/**
 * What is known of a request before it is sent.
 * @param body when it is here in one piece; its limit of tokens is looked up when `isByToken`
 */
export function requestSizeOf(
  request: IncomingMessage,
  body: Buffer | undefined,
  { timeLimitMs, isByToken }: { timeLimitMs: number | undefined; isByToken: boolean },
): RequestSize {
  const bodyBytes = body?.length ?? expectedLength(request);
  return { bodyBytes, mostOutputTokens: body && isByToken ? outputLimitOf(body) : undefined, timeLimitMs };
}

/** A body of unknown length is taken for a long prompt. */
function expectedLength(request: IncomingMessage): number {
  const declared = declaredLength(request);
  if (declared >= 0) return declared;
  return hasBody(request) ? SMALL_BODY_BYTES : 0;
}
