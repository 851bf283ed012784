import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../../config/config.js';
import type { Served } from '../../answer-sink.js';
import type { Destination, Route } from '../../destination.js';
import { EnvelopeForwarding } from '../../envelope-forwarding.js';
import type { EnvelopeRequest } from '../../envelope-request.js';
import { McpRouting } from '../../mcp/mcp-routing.js';
import { invalidProxyRequest } from '../../proxy.errors.js';
import { requireModel } from '../../key-limits.js';
import { ProxyService } from '../../proxy.service.js';
import type { Visit } from '../../visit.js';
import type { ProtocolHandler } from '../protocol-handler.js';
import { readCall, readSession, type SessionChoice } from './mcp-call.js';
import { legacyLink } from './legacy-session.js';
import { McpEnvelope } from './mcp-envelope.js';
import { McpRelay } from './mcp-relay.js';
import { McpRunner } from './mcp-runner.js';
import type { McpSink } from './mcp-sink.js';
import { targetKey, type McpTarget } from './mcp-target.js';
import { SessionEndAnswer } from './session-end-answer.js';

/** Headers that this client writes itself. */
const OURS =
  /^(?:accept|content-type|last-event-id|mcp-(?:session-id|protocol-version|method|name|param-.*))$/i;
/** The headers are the same wherever the session is. */
const NOWHERE: Route = { origin: '', kind: 'target' };
const DEFAULTS = { 'accept-encoding': 'identity', 'user-agent': 'gpuproxy' };

/**
 * MCP for callers that speak none: `{method, params}` goes in, the response comes out. Which revision the server speaks,
 * handshakes, sessions and streams are our business.
 */
@Injectable()
export class McpProtocol implements ProtocolHandler {
  readonly name = 'mcp';
  readonly extraFields = ['session', 'session_id'];

  constructor(
    private readonly config: AppConfig,
    private readonly forwarding: EnvelopeForwarding,
    private readonly routing: McpRouting,
    private readonly runner: McpRunner,
    private readonly proxy: ProxyService,
  ) {}

  async serve(visit: Visit, envelope: EnvelopeRequest, balanced: Destination): Promise<void> {
    checkScheme(envelope);
    requireModel(visit.caller, undefined);
    if (envelope.method === 'DELETE') return this.endSession(visit, envelope, balanced);
    const [call, session] = [readCall(envelope), readSession(envelope)];
    const timeLimitMs = this.forwarding.timeLimitOf(visit, envelope);
    const destination = await this.destinationOf(visit, session, balanced);
    if (visit.response.destroyed) return;
    await this.runner.run({
      visit,
      destination,
      call,
      session,
      sessionVersion: versionIn(envelope),
      timeLimitMs,
      targetAt: (route) => this.targetAt(route, visit, envelope, destination),
      sinkFor: (served) => this.sinkFor(visit, envelope, served),
    });
  }

  /** As an MCP client ends a session: its caller holds it, wherever it was opened. */
  private async endSession(visit: Visit, envelope: EnvelopeRequest, balanced: Destination): Promise<void> {
    const sessionId = sessionToEnd(envelope);
    const timeLimitMs = this.forwarding.timeLimitOf(visit, envelope);
    const destination = await this.destinationOf(visit, { kind: 'given', sessionId }, balanced);
    if (visit.response.destroyed) return;
    const target = this.targetAt(NOWHERE, visit, envelope, destination);
    const { headers } = legacyLink(target, { id: sessionId, version: versionIn(envelope) });
    const request = { method: 'DELETE', path: target.path, body: null, timeLimitMs, protocol: this.name };
    const answer = new SessionEndAnswer(visit, () => {
      const pool = balanced.poolName;
      if (pool !== undefined) this.routing.ended({ userId: visit.caller.userId, pool, sessionId });
    });
    this.proxy.run(visit, destination, { ...request, headers: [...target.headers, ...headers] }, answer);
  }

  /** A session that began in a pool goes on with the instance that knows it. */
  private async destinationOf(
    visit: Visit,
    session: SessionChoice,
    balanced: Destination,
  ): Promise<Destination> {
    const pool = balanced.poolName;
    if (session.kind !== 'given' || pool === undefined) return balanced;
    const { sessionId } = session;
    const route = await this.routing.toSession({ userId: visit.caller.userId, pool, sessionId });
    return route.destination;
  }

  private targetAt(
    route: Route,
    visit: Visit,
    envelope: EnvelopeRequest,
    destination: Destination,
  ): McpTarget {
    const { origin, kind } = route;
    const tenant = visit.caller.userId;
    const path = pathOf(envelope, destination);
    const given = Object.entries(envelope.headers).filter(([name]) => !OURS.test(name));
    const passed = { ...envelope, headers: Object.fromEntries(given) };
    const headers = this.forwarding.headersFor(visit, passed, destination, DEFAULTS);
    const { upstreamHeaders } = envelope;
    const key = targetKey([tenant, origin, path, given, destination.upstreamHeaders, upstreamHeaders]);
    return { tenant, origin, kind, path, headers, key, tally: { bytesIn: 0, bytesOut: 0 } };
  }

  private sinkFor(visit: Visit, { isStream }: EnvelopeRequest, served: () => Served): McpSink {
    if (!isStream && !wantsEvents(visit)) return new McpEnvelope(visit);
    return new McpRelay(visit, served, this.config.proxy.idleTimeoutMs);
  }
}

function checkScheme({ targetUrl }: EnvelopeRequest): void {
  if (!targetUrl || /^https?:$/.test(targetUrl.protocol)) return;
  throw invalidProxyRequest([{ field: 'target_url', message: 'must start with http:// or https://' }]);
}

function pathOf({ targetUrl, path }: EnvelopeRequest, { mcpPath = '/mcp' }: Destination): string {
  return targetUrl ? `${targetUrl.pathname}${targetUrl.search}` : (path ?? mcpPath);
}

/** @throws DomainError 422 `invalid_input` */
function sessionToEnd(envelope: EnvelopeRequest): string {
  const session = readSession(envelope);
  if (envelope.body)
    throw invalidProxyRequest([{ field: 'body', message: 'cannot be given to end a session' }]);
  if (session.kind === 'given') return session.sessionId;
  throw invalidProxyRequest([{ field: 'session_id', message: 'must name the session that is to end' }]);
}

function versionIn({ headers }: EnvelopeRequest): string | undefined {
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'mcp-protocol-version');
  return found?.[1];
}

/** Who takes JSON as well gets the envelope. */
function wantsEvents({ request }: Visit): boolean {
  const { accept = '' } = request.headers;
  return accept.includes('text/event-stream') && !accept.includes('application/json');
}
