import type { IncomingHttpHeaders } from 'node:http';

export const SESSION_ID = 'mcp-session-id';
export const PROTOCOL_VERSION = 'mcp-protocol-version';

/** The first revision without sessions and handshake; versions are dates, so texts compare like them. */
export const FIRST_MODERN_VERSION = '2026-07-28';

const VERSION = /^\d{4}-\d{2}-\d{2}$/;

export function isModernVersion(version: string | string[] | undefined): boolean {
  return typeof version === 'string' && VERSION.test(version) && version >= FIRST_MODERN_VERSION;
}

export function sessionIdOf(headers: IncomingHttpHeaders): string | undefined {
  const value = headers[SESSION_ID];
  return value === undefined ? undefined : String(value);
}
