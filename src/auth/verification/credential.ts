import type { IncomingHttpHeaders } from 'node:http';
import { API_KEY_START } from '../api-keys/api-key-format.js';
import { keyInQuery, unauthenticated } from '../auth.errors.js';

/** What a request claims to be, before anybody has checked it. */
export interface Credential {
  kind: 'api_key' | 'jwt';
  text: string;
}

const BEARER = /^bearer +(\S+)$/i;
const KEY_IN_QUERY = /gpx_(?:live|test)_[0-9A-Za-z]{61}/;

/**
 * `X-API-Key` decides when it is there; else `Authorization: Bearer` with a key or a token.
 * @throws DomainError 401 `unauthenticated` when there is neither
 */
export function readCredential(headers: IncomingHttpHeaders): Credential {
  const apiKey = headers['x-api-key'];
  if (apiKey !== undefined) return { kind: 'api_key', text: String(apiKey) };
  const bearer = bearerOf(headers);
  if (bearer === undefined) throw unauthenticated();
  return { kind: bearer.startsWith(API_KEY_START) ? 'api_key' : 'jwt', text: bearer };
}

export function bearerOf({ authorization }: IncomingHttpHeaders): string | undefined {
  return BEARER.exec(authorization ?? '')?.[1];
}

/** @throws DomainError 400 `key_in_query` when one of our keys stands in the URL */
export function refuseKeyInQuery(url: string): void {
  const query = url.indexOf('?');
  if (query !== -1 && KEY_IN_QUERY.test(url.slice(query))) throw keyInQuery();
}
