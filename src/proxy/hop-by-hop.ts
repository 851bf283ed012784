/** Headers that are for one connection only (RFC 9110 section 7.6.1), whatever Connection says. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

const NOBODY: ReadonlySet<string> = new Set();

/** The headers that a Connection header declares to be hop-by-hop too, lower case. */
export function namedByConnection(value: string | undefined): ReadonlySet<string> {
  if (value === undefined || value === 'keep-alive' || value === 'close') return NOBODY;
  return new Set(
    value
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}

/** Our name in Via, Forwarded and Proxy-Status. */
export const PSEUDONYM = 'gpuproxy';

const OUR_VIA = /(?:^|,)\s*[\w./-]+\s+gpuproxy\s*(?:$|[,(])/i;

/** True when a request has been here before: it would go round for ever. */
export function hasOurVia(via: string | undefined): boolean {
  return via !== undefined && OUR_VIA.test(via);
}
