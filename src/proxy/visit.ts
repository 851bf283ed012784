import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Caller } from '../common/caller.js';
import { newId } from '../common/id.js';
import { toProblem } from '../common/problem.js';
import type { Served } from './answer-sink.js';
import type { RouteMatch } from './data-plane.routes.js';
import { abandon } from './framing.js';
import type { InFlight } from './in-flight.js';
import { discardBody } from './request-body.js';

const REQUEST_ID = /^[\w.-]{1,128}$/;

/** A caller's own id is kept when it is fit for logs and headers. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
}

/** One HTTP request on the data plane, from the door to its answer. */
export class Visit {
  readonly requestId: string;
  readonly startedAt = performance.now();
  caller: Caller;
  /** Rate limit and CORS headers, flat, for whatever the answer will be. */
  readonly extraHeaders: string[] = [];

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly match: RouteMatch,
    /** The client's address. */
    readonly ip: string,
    private readonly inFlight: InFlight,
  ) {
    this.requestId = requestIdOf(request);
  }

  get durationMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }

  /** Flat headers that every answer carries. */
  headersFor(served?: Served): string[] {
    const headers = ['X-Request-Id', this.requestId, ...this.extraHeaders];
    if (this.inFlight.isClosed) headers.push('Connection', 'close');
    if (!served) return headers;
    if (served.instanceId !== undefined) headers.push('X-GPUProxy-Instance', served.instanceId);
    headers.push('X-GPUProxy-Attempts', String(served.attempts));
    return headers;
  }

  /** An answer without a body, and without a length for one. */
  answerEmpty(status: number): void {
    this.response.writeHead(status, this.headersFor() as unknown as OutgoingHttpHeaders).end();
  }

  /** Answers in one piece. */
  answer(status: number, headers: Readonly<Record<string, string>>, body: Buffer, served?: Served): void {
    const flat = this.headersFor(served);
    for (const name in headers) flat.push(name, headers[name]);
    flat.push('content-length', String(body.length));
    this.response.writeHead(status, flat as unknown as OutgoingHttpHeaders).end(body);
  }

  /** Answers with a problem document, or what the route has instead; after the head there is nothing left to say. */
  refuse(error: unknown, served?: Served): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    const format = this.match.route.problemFormat ?? toProblem;
    const { status, headers, body } = format(error, this.requestId);
    if (headers.connection === 'close') abandon(this.request.socket);
    this.answer(status, headers, Buffer.from(JSON.stringify(body)), served);
    discardBody(this.request);
  }
}
