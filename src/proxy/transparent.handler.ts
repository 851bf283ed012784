import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { parseTimeLimitHeader } from '../common/time-limit.js';
import { AppConfig } from '../config/config.js';
import { ClientAnswer } from './client-answer.js';
import type { Destination } from './destination.js';
import { DestinationFinder } from './destination-finder.js';
import { forwardingOf } from './forwarding.js';
import { Peers } from './peers.js';
import { bodyTooLarge, malformedPath } from './proxy.errors.js';
import { ProxyService } from './proxy.service.js';
import { PassingBody, SMALL_BODY_BYTES, collectBody, declaredLength, hasBody } from './request-body.js';
import { buildRequestHeaders } from './request-headers.js';
import type { Visit } from './visit.js';
import { withheldOnNativeRoutes } from './withheld-headers.js';

/** Any HTTP request to a pool or a rental, its bytes unchanged in both directions. */
@Injectable()
export class TransparentHandler {
  constructor(
    private readonly config: AppConfig,
    private readonly finder: DestinationFinder,
    private readonly peers: Peers,
    private readonly proxy: ProxyService,
  ) {}

  /** @throws DomainError when the request is refused before anything is sent */
  serve(visit: Visit): void {
    const { request } = visit;
    const destination = this.destinationOf(visit);
    const timeLimitMs = parseTimeLimitHeader(request.headers['x-timelimit']);
    const { maxBodyBytes } = this.config.proxy;
    const length = declaredLength(request);
    if (length > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
    if (!hasBody(request)) return this.send(visit, destination, null, timeLimitMs);
    if (length >= 0 && length <= SMALL_BODY_BYTES) return this.sendWhole(visit, destination, timeLimitMs);
    const body = new PassingBody(request, maxBodyBytes, this.config.proxy.idleTimeoutMs);
    this.send(visit, destination, body, timeLimitMs);
  }

  /** @throws DomainError 404, or 400 for a name that is no valid percent-encoding */
  destinationOf({ match, caller }: Visit): Destination {
    const name = decode(match.parameter);
    return match.route.handler === 'pool'
      ? this.finder.pool(caller.userId, name)
      : this.finder.rental(caller.userId, name);
  }

  /** The flat headers for the upstream. */
  headersFor(visit: Visit, destination: Destination, contentLength: string | undefined): string[] {
    const { request, requestId } = visit;
    const { headers, rawHeaders, httpVersion } = request;
    return buildRequestHeaders({
      rawHeaders,
      httpVersion,
      connection: headers.connection,
      via: headers.via,
      te: headers.te,
      withheld: withheldOnNativeRoutes(headers),
      forwarding: forwardingOf(request, this.peers.of(request.socket)),
      requestId,
      contentLength,
      upstreamHeaders: destination.upstreamHeaders,
    });
  }

  /** A small body is collected first: the upstream gets head and body in one write, and may get them again. */
  private sendWhole(visit: Visit, destination: Destination, timeLimitMs: number | undefined): void {
    collectBody(visit.request, SMALL_BODY_BYTES, (_, body) => {
      try {
        this.send(visit, destination, body, timeLimitMs);
      } catch (error) {
        visit.refuse(error);
      }
    });
  }

  private send(
    visit: Visit,
    destination: Destination,
    body: Buffer | PassingBody | null,
    timeLimitMs: number | undefined,
  ): void {
    const method = visit.request.method ?? 'GET';
    const contentLength = body instanceof PassingBody ? lengthOf(visit.request) : undefined;
    const headers = this.headersFor(visit, destination, contentLength);
    const request = { method, path: visit.match.rest, headers, body, timeLimitMs, protocol: 'http' };
    this.proxy.run(visit, destination, request, new ClientAnswer(visit, this.config.proxy.idleTimeoutMs));
  }
}

/** With chunks there is none, whatever else stands in the head. */
function lengthOf({ headers }: IncomingMessage): string | undefined {
  return headers['transfer-encoding'] === undefined ? headers['content-length'] : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw malformedPath();
  }
}
