import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { newId } from '../../common/id.js';
import { rawCardNotAccepted } from '../billing.errors.js';
import { holdsCardNumber, withoutCardNumbers } from './card-number.js';
import { redactPreference } from './preference-redaction.js';

const PREFERENCE = 'x-preferred-payment';
/** Free text that is stored, whatever route it is for. */
const STORED_MEMBERS = ['name', 'reason', 'email', 'return_url'] as const;
const PROBLEM = 'application/problem+json';

/**
 * Keeps card numbers out of the program, wherever on the control plane they are written. Install it before every other
 * hook: nothing may look at a request (or log it) before its headers were rewritten.
 * @param acceptsTestCards the Stripe key is a test key: published test numbers become their payment methods
 */
export function installCardGuard(fastify: FastifyInstance, acceptsTestCards: boolean): void {
  fastify.addHook('onRequest', async (request) => {
    rewriteHeaders(request, acceptsTestCards);
  });
  fastify.addHook('preValidation', async ({ body }) => {
    if (storesCard(body)) throw rawCardNotAccepted();
  });
  fastify.addHook('onSend', async (_request, reply, payload) => {
    const isProblem = String(reply.getHeader('content-type')).startsWith(PROBLEM);
    // A refusal names the field or value that it refuses.
    return isProblem && typeof payload === 'string' ? withoutCardNumbers(payload) : payload;
  });
}

/** @throws DomainError 422 `raw_card_not_accepted` when the Idempotency-Key holds one: it would be stored */
function rewriteHeaders(request: FastifyRequest, acceptsTestCards: boolean): void {
  const { headers, rawHeaders } = request.raw;
  if (holdsCardNumber(String(request.id))) request.id = newId();
  const isKeyCard = holdsCardNumber(String(headers['idempotency-key'] ?? ''));
  for (const all of new Set([headers, request.headers])) rewriteParsed(all, acceptsTestCards);
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    rawHeaders[index + 1] = cleanValue(rawHeaders[index], rawHeaders[index + 1], acceptsTestCards);
  }
  if (isKeyCard) throw rawCardNotAccepted();
}

function rewriteParsed(headers: IncomingHttpHeaders, acceptsTestCards: boolean): void {
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') headers[name] = cleanValue(name, value, acceptsTestCards);
    else if (value) headers[name] = value.map((part) => cleanValue(name, part, acceptsTestCards));
  }
}

function cleanValue(name: string, value: string, acceptsTestCards: boolean): string {
  if (name.toLowerCase() === PREFERENCE) return redactPreference(value, acceptsTestCards);
  return withoutCardNumbers(value);
}

function storesCard(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const members = body as Readonly<Record<string, unknown>>;
  return STORED_MEMBERS.some((name) => {
    const value = members[name];
    return typeof value === 'string' && holdsCardNumber(value);
  });
}
