import { Injectable } from '@nestjs/common';
import { parseTimeLimitHeader } from '../../common/time-limit.js';
import { AppConfig } from '../../config/config.js';
import { passBodyOf } from '../body-passage.js';
import type { Destination } from '../destination.js';
import { requireModel } from '../key-limits.js';
import { ProxyService } from '../proxy.service.js';
import { TransparentHandler } from '../transparent.handler.js';
import type { Visit } from '../visit.js';
import { McpAnswer } from './mcp-answer.js';
import { PROTOCOL_VERSION, isModernVersion, sessionIdOf } from './mcp-headers.js';
import { McpRouting, type McpRoute } from './mcp-routing.js';
import type { SessionName } from './mcp-sessions.service.js';
import { OriginCheck } from './origin-check.js';

/**
 * The caller's credentials are for us and never go upstream (MCP forbids passing tokens on). Its origin was judged
 * here; a server behind us would compare it with names of its own.
 */
const WITHHELD: ReadonlySet<string> = new Set(['authorization', 'cookie', 'origin']);
const NO_TIMEOUT = 0;

/** `/mcp/{pool}`: MCP of both eras to a pool's servers, its bytes unchanged in both directions. */
@Injectable()
export class McpHandler {
  constructor(
    private readonly config: AppConfig,
    private readonly origins: OriginCheck,
    private readonly routing: McpRouting,
    private readonly transparent: TransparentHandler,
    private readonly proxy: ProxyService,
  ) {}

  /** @throws DomainError (or rejects) when the request is refused before anything is sent */
  serve(visit: Visit): void | Promise<void> {
    this.origins.check(visit.request);
    const route = this.routeOf(visit);
    return route instanceof Promise
      ? route.then((found) => this.pass(visit, found))
      : this.pass(visit, route);
  }

  /** A session that nobody knows is an error, unless the revision has none: then the header means nothing. */
  private routeOf(visit: Visit): McpRoute | Promise<McpRoute> {
    const { headers } = visit.request;
    const destination = this.transparent.destinationOf(visit);
    requireModel(visit.caller, undefined);
    const sessionId = sessionIdOf(headers);
    if (sessionId === undefined || isModernVersion(headers[PROTOCOL_VERSION])) return { destination };
    return this.routing.toSession(nameOf(visit, destination, sessionId));
  }

  private pass(visit: Visit, { destination, session }: McpRoute): void {
    if (visit.response.destroyed) return;
    const timeLimitMs = parseTimeLimitHeader(visit.request.headers['x-timelimit']);
    passBodyOf(visit, this.config.proxy, (body, contentLength) => {
      const headers = this.transparent.headersFor(visit, destination, contentLength, WITHHELD);
      const method = visit.request.method ?? 'POST';
      const path = pathOf(destination, visit.match.rest);
      const request = {
        method,
        path,
        headers,
        body,
        timeLimitMs,
        protocol: 'mcp',
        idleTimeoutMs: NO_TIMEOUT,
      };
      this.proxy.run(visit, destination, request, this.answerFor(visit, destination, session));
    });
  }

  private answerFor(visit: Visit, destination: Destination, session: SessionName | undefined): McpAnswer {
    return new McpAnswer(visit, {
      sessionId: session?.sessionId,
      idleTimeoutMs: this.config.proxy.idleTimeoutMs,
      began: (sessionId, instanceId) => this.routing.began(nameOf(visit, destination, sessionId), instanceId),
      ended: () => session && this.routing.ended(session),
    });
  }
}

function nameOf({ caller }: Visit, { poolName = '' }: Destination, sessionId: string): SessionName {
  return { userId: caller.userId, pool: poolName, sessionId };
}

/** `rest` is the query that the caller gave, or nothing. */
function pathOf({ mcpPath = '/mcp' }: Destination, rest: string): string {
  return mcpPath.includes('?') ? `${mcpPath}${rest.replace('?', '&')}` : `${mcpPath}${rest}`;
}
