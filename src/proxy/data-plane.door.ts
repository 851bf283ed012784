import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '../common/caller.js';
import { isDomainError } from '../common/domain-error.js';
import { Admission } from './admission.js';
import { CorsPolicy } from './cors.js';
import { matchRoute } from './data-plane.routes.js';
import { isAbandoned, removePaymentHeader } from './framing.js';
import { InFlight } from './in-flight.js';
import { Peers } from './peers.js';
import { draining, overloaded } from './proxy.errors.js';
import { RouteHandlers } from './route-handlers.js';
import { Visit } from './visit.js';

/**
 * The data plane's front door, in front of the framework: takes the requests of its routes and leaves all others.
 * Per request: payment header out, drain, CORS, who is calling, limits; then the route's handler.
 */
@Injectable()
export class DataPlaneDoor {
  private readonly logger = new Logger(DataPlaneDoor.name);

  constructor(
    private readonly peers: Peers,
    private readonly cors: CorsPolicy,
    private readonly admission: Admission,
    private readonly handlers: RouteHandlers,
    private readonly inFlight: InFlight,
  ) {}

  /** True when the request was taken; it will be answered, unless its connection is being closed. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (isAbandoned(request.socket)) return true;
    const match = matchRoute(request.method, request.url ?? '');
    if (!match) return false;
    removePaymentHeader(request);
    const visit = new Visit(request, response, match, this.peers.clientOf(request), this.inFlight);
    this.inFlight.enter();
    response.on('close', () => this.inFlight.leave(visit));
    this.receive(visit, () => this.handlers.serve(visit));
    return true;
  }

  /** As `handle`, for the server's `upgrade` event: true when the socket was taken. */
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
    const match = matchRoute(request.method, request.url ?? '');
    if (!match?.route.allowsUpgrade) return false;
    const socket = stream as Socket;
    removePaymentHeader(request);
    const response = responseOn(request, socket);
    const visit = new Visit(request, response, match, this.peers.clientOf(request), this.inFlight);
    this.inFlight.enter();
    socket.once('close', () => this.inFlight.leave(visit));
    this.receive(visit, () => this.handlers.upgrade(visit, socket, head));
    return true;
  }

  /** Requests and tunnels under way. */
  get activeCount(): number {
    return this.inFlight.active;
  }

  /** From now on new requests get 503 and answers say `Connection: close`; what is under way goes on. */
  startDrain(): void {
    this.inFlight.close();
  }

  whenIdle(): Promise<void> {
    return this.inFlight.whenIdle();
  }

  /** Ends WebSocket tunnels, which do not end by themselves. */
  closeTunnels(): void {
    this.handlers.closeTunnels();
  }

  private receive(visit: Visit, serve: () => void | Promise<void>): void {
    try {
      if (this.inFlight.isClosed) throw draining();
      if (this.inFlight.isTooMuch) throw overloaded();
      visit.extraHeaders.push(...this.cors.headersFor(visit.request.headers.origin));
      if (this.cors.isPreflight(visit.request)) return this.answerPreflight(visit);
      const caller = this.admission.identify(visit);
      if (caller instanceof Promise) void this.admitLater(visit, caller, serve);
      else this.admit(visit, caller, serve);
    } catch (error) {
      this.refuse(visit, error);
    }
  }

  private async admitLater(
    visit: Visit,
    caller: Promise<Caller>,
    serve: () => void | Promise<void>,
  ): Promise<void> {
    try {
      this.admit(visit, await caller, serve);
    } catch (error) {
      this.refuse(visit, error);
    }
  }

  private admit(visit: Visit, caller: Caller, serve: () => void | Promise<void>): void {
    this.admission.admit(visit, caller);
    const served = serve();
    if (served instanceof Promise) served.catch((error: unknown) => this.refuse(visit, error));
  }

  private answerPreflight(visit: Visit): void {
    visit.extraHeaders.push(...this.cors.preflightHeaders(visit.request));
    visit.answerEmpty(204);
  }

  private refuse(visit: Visit, error: unknown): void {
    if (!isDomainError(error)) {
      this.logger.error({
        msg: 'unexpected error on the data plane',
        request_id: visit.requestId,
        err: error,
      });
    }
    visit.refuse(error);
  }
}

/** A response to write refusals with: node makes none for an upgrade. */
function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  socket.on('error', () => socket.destroy());
  return response;
}
