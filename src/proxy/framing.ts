import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { hasOurVia } from './hop-by-hop.js';
import { ambiguousRequest, loopDetected, methodNotAllowed, tooManyHeaders } from './proxy.errors.js';

/** More than any client has a use for; each costs every hop a line to read and to write. */
const MOST_HEADERS = 200;

/**
 * What node's parser lets through but two servers could understand differently, or what must not be proxied at all.
 * (Two lengths, length and chunks, bare line feeds and folded headers never get past the parser.)
 * @throws DomainError 400 `malformed_request`, 405 `method_not_allowed`, 431 `too_many_headers`, 508 `loop_detected`
 */
export function checkRequest({ headers, rawHeaders, method, httpVersion }: IncomingMessage): void {
  if (rawHeaders.length > 2 * MOST_HEADERS) throw tooManyHeaders(MOST_HEADERS);
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) checkCoding(coding, httpVersion);
  if (countHosts(rawHeaders) > 1) throw ambiguousRequest('There is more than one Host header.');
  if (method === 'TRACE') throw methodNotAllowed();
  if (hasOurVia(headers.via)) throw loopDetected();
}

/** Chunks are taken off here and put on again upstream; a coding below them would be lost on the way. */
function checkCoding(coding: string, httpVersion: string): void {
  if (coding.trim().toLowerCase() !== 'chunked')
    throw ambiguousRequest('Transfer-Encoding may only be chunked.');
  if (httpVersion === '1.0') throw ambiguousRequest('HTTP/1.0 has no Transfer-Encoding.');
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}

const PAYMENT_HEADER = 'x-preferred-payment';

/** A card number has no business on the data plane: it is gone before anything can look at it. */
export function removePaymentHeader({ headers, rawHeaders }: IncomingMessage): void {
  if (headers[PAYMENT_HEADER] === undefined) return;
  delete headers[PAYMENT_HEADER];
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (rawHeaders[index].toLowerCase() === PAYMENT_HEADER) rawHeaders.splice(index, 2);
  }
}

const abandoned = new WeakSet<Socket>();

/** The answer says `Connection: close`: whatever the client has sent behind that request must not be run any more. */
export function abandon(socket: Socket): void {
  abandoned.add(socket);
}

export function isAbandoned(socket: Socket): boolean {
  return abandoned.has(socket);
}
