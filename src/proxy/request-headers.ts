import { FORWARDING_HEADERS } from './forwarding.js';
import { HOP_BY_HOP, PSEUDONYM, namedByConnection } from './hop-by-hop.js';
import type { Forwarding } from './peers.js';

/** Instructions and credentials for us, never for the upstream. */
const OURS = [
  'x-api-key',
  'x-preferred-payment',
  'x-billing',
  'x-request-id',
  'host',
  'via',
  'expect',
  'content-length',
];

const NEVER_FORWARDED: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...FORWARDING_HEADERS, ...OURS]);

export interface ForwardedRequest {
  /** Name, value, name, value as they were received. */
  rawHeaders: readonly string[];
  httpVersion: string;
  /** What the Connection header says. */
  connection: string | undefined;
  via: string | undefined;
  te: string | string[] | undefined;
  /** More headers that must not go upstream, lower case: the caller's credentials. */
  withheld: ReadonlySet<string>;
  forwarding: Forwarding;
  requestId: string;
  /** Of a streamed body; undefined for a body in one piece (its length is known) and for a chunked one. */
  contentLength: string | undefined;
  /** Credentials of the upstream itself; they replace the caller's headers of the same name. */
  upstreamHeaders: Readonly<Record<string, string>> | undefined;
}

/**
 * The headers for the upstream, flat. The caller's hop-by-hop headers, and those that its Connection header names,
 * are taken out before ours are added, so that a caller cannot delete ours. Host is the target's, set by the client.
 */
export function buildRequestHeaders(request: ForwardedRequest): string[] {
  const { rawHeaders, withheld, upstreamHeaders } = request;
  const named = namedByConnection(request.connection);
  const replaced = upstreamHeaders && lowerNames(upstreamHeaders);
  const headers: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index].toLowerCase();
    if (NEVER_FORWARDED.has(name) || withheld.has(name) || named.has(name) || replaced?.has(name)) continue;
    headers.push(rawHeaders[index], rawHeaders[index + 1]);
  }
  addOurs(headers, request);
  for (const name in upstreamHeaders) headers.push(name, upstreamHeaders[name]);
  return headers;
}

function addOurs(headers: string[], request: ForwardedRequest): void {
  const { forwarding, contentLength, via, te } = request;
  const hop = `${request.httpVersion} ${PSEUDONYM}`;
  headers.push('via', via === undefined ? hop : `${via}, ${hop}`, 'x-request-id', request.requestId);
  headers.push('forwarded', forwarding.forwarded, 'x-forwarded-for', forwarding.forwardedFor);
  headers.push('x-forwarded-proto', forwarding.forwardedProto, 'x-forwarded-host', forwarding.forwardedHost);
  if (contentLength !== undefined) headers.push('content-length', contentLength);
  if (acceptsTrailers(te)) headers.push('te', 'trailers');
}

/** The only value of TE that may go on. */
export function acceptsTrailers(te: string | string[] | undefined): boolean {
  return (
    te !== undefined &&
    String(te)
      .split(',')
      .some((coding) => coding.trim().toLowerCase() === 'trailers')
  );
}

function lowerNames(headers: Readonly<Record<string, string>>): ReadonlySet<string> {
  return new Set(Object.keys(headers).map((name) => name.toLowerCase()));
}
