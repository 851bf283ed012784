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

/** A header of an upstream's answer as it came; the first, when there are several. */
export function rawHeader(rawHeaders: readonly Buffer[], name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index];
    if (raw.length === name.length && raw.toString('latin1').toLowerCase() === name) {
      return rawHeaders[index + 1].toString('latin1');
    }
  }
  return undefined;
}

export function withoutHeader(rawHeaders: readonly Buffer[], name: string): Buffer[] {
  return rawHeaders.filter((_, index) => {
    const raw = rawHeaders[index - (index % 2)];
    return raw.length !== name.length || raw.toString('latin1').toLowerCase() !== name;
  });
}
