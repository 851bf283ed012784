import { HOP_BY_HOP } from './hop-by-hop.js';

/**
 * What must not come behind a body (RFC 9110 section 6.5.1): framing, routing, credentials and whatever changes how the
 * rest of the answer is understood, which a recipient may have acted upon already.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'expires',
  'host',
  'location',
  'retry-after',
  'set-cookie',
  'vary',
  'via',
  'www-authenticate',
  'x-request-id',
]);
const FORBIDDEN_PREFIX = /^(?:x-gpuproxy-|access-control-|x-?ratelimit|proxy-)/;

/** The trailers of those announced that may be passed on, as they are written; undefined when there are none. */
export function passableTrailers(announced: string): string | undefined {
  const names = announced.split(',').map((name) => name.trim());
  const passable = names.filter((name) => name !== '' && mayBeTrailer(name.toLowerCase()));
  return passable.length > 0 ? passable.join(', ') : undefined;
}

/** Of what came behind the body what was announced by `passable`. */
export function trailersOf(rawTrailers: readonly string[], passable: string): [string, string][] {
  const names = new Set(passable.toLowerCase().split(', '));
  const pairs: [string, string][] = [];
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const name = rawTrailers[index];
    if (names.has(name.toLowerCase())) pairs.push([name, rawTrailers[index + 1]]);
  }
  return pairs;
}

function mayBeTrailer(name: string): boolean {
  return !FORBIDDEN.has(name) && !FORBIDDEN_PREFIX.test(name);
}
