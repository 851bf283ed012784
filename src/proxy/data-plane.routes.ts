import { OPENAI_ROUTES } from './openai/openai.routes.js';
import { OPEN_INFERENCE_ROUTES } from './protocols/open-inference/open-inference.routes.js';
import { jsonRpcProblem, type ProblemFormat } from './problem-format.js';

/** Which piece of the data plane answers a route. */
export type RouteHandlerName =
  'pool' | 'rental' | 'envelope' | 'mcp' | 'openai' | 'openai_models' | 'openinference';

/** A path that is taken before the control plane sees it; the OpenAPI document is completed from this table. */
export interface DataPlaneRoute {
  /** `ANY`: every method but TRACE and CONNECT. */
  method: 'ANY' | 'GET' | 'POST';
  /** `{name}` is one path segment, a final `{path}` all the rest. */
  template: string;
  handler: RouteHandlerName;
  /** The upstream gets the whole path and not only the rest of it. */
  forwardsPath?: boolean;
  /** A last parameter reaches to the end of the path. */
  parameterTakesSlashes?: boolean;
  /** May be upgraded to a WebSocket. */
  allowsUpgrade: boolean;
  /** How refusals are written; absent = problem+json. */
  problemFormat?: ProblemFormat;
  /** Those of ANY that mean something, lower case; absent = all. */
  documentedMethods?: readonly ('get' | 'post' | 'delete')[];
  /** For the OpenAPI document. */
  operationId: string;
  summary: string;
}

export const DATA_PLANE_ROUTES: readonly DataPlaneRoute[] = [
  {
    method: 'ANY',
    template: '/api/v1/gpu/pools/{name}/proxy/{path}',
    handler: 'pool',
    allowsUpgrade: true,
    operationId: 'proxyToPool',
    summary:
      'Any HTTP request or WebSocket to an instance of a pool, picked by its strategy; bytes pass unchanged.',
  },
  {
    method: 'ANY',
    template: '/api/v1/gpu/rentals/{id}/proxy/{path}',
    handler: 'rental',
    allowsUpgrade: true,
    operationId: 'proxyToRental',
    summary: 'Any HTTP request or WebSocket to one running rental; bytes pass unchanged.',
  },
  {
    method: 'POST',
    template: '/api/v1/gpu/proxy',
    handler: 'envelope',
    allowsUpgrade: false,
    operationId: 'proxyRequest',
    summary: 'A request described in JSON: its answer comes in JSON, or streamed with stream: true.',
  },
  {
    method: 'ANY',
    template: '/mcp/{pool}',
    handler: 'mcp',
    allowsUpgrade: false,
    problemFormat: jsonRpcProblem,
    documentedMethods: ['get', 'post', 'delete'],
    operationId: 'proxyToMcpServer',
    summary:
      "A pool's MCP servers (Streamable HTTP, with and without sessions); bytes pass unchanged, sessions stay with their server.",
  },
  ...OPENAI_ROUTES,
  ...OPEN_INFERENCE_ROUTES,
];

/** A URL that belongs to the data plane. */
export interface RouteMatch {
  route: DataPlaneRoute;
  /** The segment in `{name}` or `{id}`, still percent-encoded; empty for routes without one. */
  parameter: string;
  /** The rest of the request target for the upstream, with its query, byte for byte; starts with `/`. */
  rest: string;
}

interface Matcher {
  route: DataPlaneRoute;
  /** Up to the parameter, or the whole path. */
  prefix: string;
  /** Between parameter and rest; undefined = the path ends with the prefix, '' = with the parameter. */
  infix?: string;
  /** Behind a second parameter, which stands behind the infix. */
  suffix?: string;
  /** Anything may follow below. */
  isOpen: boolean;
}

const MATCHERS: readonly Matcher[] = DATA_PLANE_ROUTES.map((route) => {
  const [prefix, infix, suffix] = route.template.replace('/{path}', '').split(/\{\w+\}/);
  return { route, prefix, infix, suffix, isOpen: route.template.endsWith('/{path}') };
});

/**
 * Finds the route of a request target. Compared byte by byte and undecoded: `//api`, `/%61pi` or other spellings are no
 * data-plane paths, and what follows the infix is never interpreted.
 */
export function matchRoute(method: string | undefined, target: string): RouteMatch | undefined {
  const path = target.startsWith('/') ? target : originForm(target);
  for (const matcher of MATCHERS) {
    if (!path.startsWith(matcher.prefix) || !takesMethod(matcher.route, method)) continue;
    const match = matchPath(matcher, path);
    if (match) return matcher.route.forwardsPath ? { ...match, rest: path } : match;
  }
  return undefined;
}

/** RFC 9112 section 3.2.2: a server accepts the absolute form as well; its host is us. */
function originForm(target: string): string {
  const rest = /^https?:\/\/[^/?#]*(.*)$/is.exec(target)?.[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function takesMethod(route: DataPlaneRoute, method: string | undefined): boolean {
  return route.method === 'ANY' || route.method === method;
}

function matchPath(matcher: Matcher, path: string): RouteMatch | undefined {
  const { infix, isOpen } = matcher;
  if (infix === undefined) return isOpen ? matchBelow(matcher, path) : matchWhole(matcher, path);
  return infix === '' ? matchTail(matcher, path) : matchParts(matcher, infix, path);
}

function matchWhole({ route, prefix }: Matcher, path: string): RouteMatch | undefined {
  const isWhole = path.length === prefix.length || path[prefix.length] === '?';
  return isWhole ? { route, parameter: '', rest: path.slice(prefix.length) } : undefined;
}

function matchBelow({ route, prefix }: Matcher, path: string): RouteMatch | undefined {
  return path[prefix.length] === '/' ? { route, parameter: '', rest: path.slice(prefix.length) } : undefined;
}

/** The parameter is the last segment; only a query may follow. */
function matchTail({ route, prefix }: Matcher, path: string): RouteMatch | undefined {
  const query = path.indexOf('?', prefix.length);
  const end = query === -1 ? path.length : query;
  const parameter = path.slice(prefix.length, end);
  if (parameter === '' || (parameter.includes('/') && !route.parameterTakesSlashes)) return undefined;
  return { route, parameter, rest: path.slice(end) };
}

function matchParts(matcher: Matcher, infix: string, path: string): RouteMatch | undefined {
  const { route, prefix, suffix, isOpen } = matcher;
  const end = path.indexOf('/', prefix.length);
  if (end <= prefix.length || !path.startsWith(infix, end)) return undefined;
  const parameter = path.slice(prefix.length, end);
  const behind = end + infix.length;
  const rest = suffix === undefined ? path.slice(behind) : behindSegment(path, behind, suffix);
  if (rest === '' || rest?.startsWith('?')) return { route, parameter, rest: `/${rest}` };
  return isOpen && rest?.startsWith('/') ? { route, parameter, rest } : undefined;
}

/** What follows one more segment and the suffix. */
function behindSegment(path: string, start: number, suffix: string): string | undefined {
  const end = path.slice(start).search(/[/?]|$/) + start;
  return end > start && path.startsWith(suffix, end) ? path.slice(end + suffix.length) : undefined;
}
