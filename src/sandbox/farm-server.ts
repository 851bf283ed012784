import { setTimeout as delay } from 'node:timers/promises';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  FarmRefusal,
  type FarmAnswer,
  type FarmCall,
  type FarmManners,
  type FarmRoute,
  type RecordedCall,
} from './farm-call.js';
import type { TakenFault } from './faults.js';

export interface FaultSource {
  take(call: string, id?: string): TakenFault | undefined;
}

/** What becomes of a call: an answer, a destroyed connection, or silence. */
type Outcome = FarmAnswer | 'cut' | 'silence';

/** A daemon's sandbox may run for weeks: only the latest calls are kept. */
const MAX_RECORDED_CALLS = 10_000;

const MALFORMED = Symbol('malformed body');

/** The HTTP face of one farm: authentication, minimum intervals, planned faults, then the route's own handler. */
export class FarmServer {
  readonly calls: RecordedCall[] = [];
  private readonly server: FastifyInstance;
  /** The last route of all: whatever no other route takes. */
  private readonly fallback: FarmRoute = {
    method: 'GET',
    path: '*',
    call: 'unknown',
    handle: () => this.manners.unknownRoute(),
  };

  constructor(
    private readonly manners: FarmManners,
    private readonly faults: FaultSource,
  ) {
    this.server = fastify({ forceCloseConnections: true, bodyLimit: 4 * 1024 * 1024 });
    this.server.removeAllContentTypeParsers();
    this.server.addContentTypeParser('*', { parseAs: 'string' }, (_, text, done) =>
      done(null, parseBody(String(text))),
    );
    this.server.setNotFoundHandler((request, reply) => this.serve(this.fallback, request, reply));
  }

  add(route: FarmRoute): void {
    this.server.route({
      method: route.method,
      url: route.path,
      handler: (request, reply) => this.serve(route, request, reply),
    });
  }

  /** @returns the origin, on a free loopback port */
  async listen(host: string): Promise<string> {
    return this.server.listen({ host, port: 0 });
  }

  async close(): Promise<void> {
    await this.server.close();
  }

  private async serve(route: FarmRoute, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const record = {
      call: route.call,
      method: request.method,
      path: request.url,
      body: request.body,
      at: Date.now(),
    };
    const outcome = await this.outcome(route, toCall(request));
    this.record({ ...record, status: typeof outcome === 'string' ? 0 : outcome.status });
    if (outcome === 'cut' || outcome === 'silence') {
      reply.hijack();
      if (outcome === 'cut') request.raw.socket.destroy();
      return;
    }
    await send(reply, outcome);
  }

  private record(call: RecordedCall): void {
    this.calls.push(call);
    if (this.calls.length > MAX_RECORDED_CALLS) this.calls.shift();
  }

  private async outcome(route: FarmRoute, call: FarmCall): Promise<Outcome> {
    try {
      this.manners.authorize(route, call);
      this.manners.throttle(route);
      if (call.body === MALFORMED) return this.manners.malformedBody();
      return await this.handleWithFault(route, call, this.faults.take(route.call, subjectOf(call)));
    } catch (error) {
      if (error instanceof FarmRefusal) return error.answer;
      return { status: 500, body: String(error), contentType: 'text/plain' };
    }
  }

  private async handleWithFault(route: FarmRoute, call: FarmCall, fault?: TakenFault): Promise<Outcome> {
    if (fault?.effect === 'slow') await delay(fault.delayMs);
    if (fault?.effect === 'cut_before') return 'cut';
    if (fault?.effect === 'never_answers') return 'silence';
    const instead = fault && this.manners.transportAnswer(fault.effect, route);
    if (instead) return instead;
    const answer = await route.handle({ ...call, fault });
    if (fault?.effect === 'cut_after') return 'cut';
    return fault?.effect === 'html_504_after' ? gatewayTimeout() : answer;
  }
}

/** The HTML page of a gateway that lost its upstream. */
export function gatewayTimeout(): FarmAnswer {
  return { status: 504, body: '<html>504 Gateway Time-out</html>', contentType: 'text/html' };
}

function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return MALFORMED;
  }
}

function toCall(request: FastifyRequest): FarmCall {
  return {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string | undefined>,
    headers: request.headers,
    body: request.body,
  };
}

/** The id a fault may be limited to: the path's, or for io.net's deploy the hardware asked for. */
function subjectOf(call: FarmCall): string | undefined {
  const { hardware_id: hardwareId } = (call.body ?? {}) as { hardware_id?: unknown };
  return call.params.id ?? (hardwareId === undefined ? undefined : String(hardwareId));
}

async function send(reply: FastifyReply, { status, body, contentType }: FarmAnswer): Promise<void> {
  const isText = contentType !== undefined && !contentType.includes('json');
  void reply.code(status).header('content-type', contentType ?? 'application/json');
  await reply.send(isText ? String(body) : JSON.stringify(body));
}
