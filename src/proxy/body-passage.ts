import type { IncomingMessage } from 'node:http';
import { bodyTooLarge } from './proxy.errors.js';
import { PassingBody, SMALL_BODY_BYTES, collectBody, declaredLength, hasBody } from './request-body.js';
import type { Visit } from './visit.js';

export interface BodyLimits {
  maxBodyBytes: number;
  idleTimeoutMs: number;
}

/** @param contentLength of a body on its way, when the client told; one in one piece has its own */
type Send = (body: Buffer | PassingBody | null, contentLength: string | undefined) => void;

/**
 * Hands the body of a request on, in the way that is cheapest: a small one is collected first, so that the upstream
 * gets head and body in one write and may get them again; a larger one passes through. `send` is called once, or never
 * when the client leaves; what it throws is answered.
 * @throws DomainError 413 `payload_too_large` by the declared length, and what `send` throws at once
 */
export function passBodyOf(visit: Visit, { maxBodyBytes, idleTimeoutMs }: BodyLimits, send: Send): void {
  const { request } = visit;
  const length = declaredLength(request);
  if (length > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  if (!hasBody(request)) return send(null, undefined);
  if (length >= 0 && length <= SMALL_BODY_BYTES) return collectThenSend(visit, send);
  send(new PassingBody(request, maxBodyBytes, idleTimeoutMs), lengthOf(request));
}

function collectThenSend(visit: Visit, send: Send): void {
  collectBody(visit.request, SMALL_BODY_BYTES, (_, body) => {
    try {
      send(body, undefined);
    } catch (error) {
      visit.refuse(error);
    }
  });
}

/** With chunks there is none, whatever else stands in the head. */
function lengthOf({ headers }: IncomingMessage): string | undefined {
  return headers['transfer-encoding'] === undefined ? headers['content-length'] : undefined;
}
