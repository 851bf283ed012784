import { malformedPath } from '../../../proxy.errors.js';

/** What a path under /v2 is about. */
export type SurfacePath =
  | { kind: 'server' | 'live' | 'ready' }
  | { kind: 'model'; model: string }
  /** Extensions of single servers. */
  | { kind: 'other' };

const SERVER_PATHS: Readonly<Record<string, 'server' | 'live' | 'ready'>> = {
  '/v2': 'server',
  '/v2/': 'server',
  '/v2/health/live': 'live',
  '/v2/health/ready': 'ready',
};

/** `config` and `stats` are Triton's. A name may hold slashes, as names of the Hugging Face hub do, escaped or not. */
const MODEL_PATH =
  /^\/v2\/models\/(.+?)(?:\/versions\/[^/]+)?(?:\/(?:ready|infer|generate|generate_stream|config|stats))?\/?$/;

/**
 * @param target the request target, query included
 * @throws DomainError 400 for a name that is no valid percent-encoding
 */
export function readSurfacePath(target: string): SurfacePath {
  const [path] = target.split('?', 1);
  const kind = SERVER_PATHS[path];
  if (kind) return { kind };
  const model = MODEL_PATH.exec(path)?.[1];
  return model === undefined ? { kind: 'other' } : { kind: 'model', model: decode(model) };
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw malformedPath();
  }
}
