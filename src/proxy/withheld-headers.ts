import type { IncomingHttpHeaders } from 'node:http';

const NONE: ReadonlySet<string> = new Set();
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie']);
const AUTHORIZATION: ReadonlySet<string> = new Set(['authorization']);

const OUR_TOKEN_TYPE = /"typ"\s*:\s*"at\+jwt"/;

/**
 * Which of the caller's own headers stay here on native routes (X-API-Key always does). With X-API-Key the others are
 * meant for the upstream, unless Authorization holds one of our keys or tokens as well.
 */
export function withheldOnNativeRoutes(headers: IncomingHttpHeaders): ReadonlySet<string> {
  if (headers['x-api-key'] === undefined) return CREDENTIALS;
  const { authorization } = headers;
  return authorization !== undefined && holdsOurs(authorization, headers['x-api-key']) ? AUTHORIZATION : NONE;
}

function holdsOurs(authorization: string, key: string | string[]): boolean {
  if (authorization.includes('gpx_') || authorization.includes(String(key))) return true;
  const header = /\beyJ[\w-]*/.exec(authorization)?.[0];
  return header !== undefined && OUR_TOKEN_TYPE.test(Buffer.from(header, 'base64url').toString());
}
