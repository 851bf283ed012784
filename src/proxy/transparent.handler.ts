import { Injectable } from '@nestjs/common';
import { parseTimeLimitHeader } from '../common/time-limit.js';
import { AppConfig } from '../config/config.js';
import { ClientAnswer } from './client-answer.js';
import type { Destination } from './destination.js';
import { DestinationFinder } from './destination-finder.js';
import { forwardingOf } from './forwarding.js';
import { requireModel, requireTarget } from './key-limits.js';
import { Peers } from './peers.js';
import { passBodyOf } from './body-passage.js';
import { malformedPath } from './proxy.errors.js';
import { ProxyService } from './proxy.service.js';
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
    const destination = this.destinationOf(visit);
    requireModel(visit.caller, undefined);
    const timeLimitMs = parseTimeLimitHeader(visit.request.headers['x-timelimit']);
    passBodyOf(visit, this.config.proxy, (body, contentLength) => {
      const headers = this.headersFor(visit, destination, contentLength);
      const method = visit.request.method ?? 'GET';
      const request = { method, path: visit.match.rest, headers, body, timeLimitMs, protocol: 'http' };
      this.proxy.run(visit, destination, request, new ClientAnswer(visit, this.config.proxy.idleTimeoutMs));
    });
  }

  /** @throws DomainError 404, 403 `target_not_allowed`, or 400 for a name that is no valid percent-encoding */
  destinationOf({ match, caller }: Visit): Destination {
    const name = decode(match.parameter);
    const destination =
      match.route.handler === 'rental'
        ? this.finder.rental(caller.userId, name)
        : this.finder.pool(caller.userId, name);
    requireTarget(caller, destination);
    return destination;
  }

  /** The flat headers for the upstream, without those of the caller's that are `withheld`. */
  headersFor(
    visit: Visit,
    destination: Destination,
    contentLength: string | undefined,
    withheld = withheldOnNativeRoutes(visit.request.headers),
  ): string[] {
    const { request, requestId } = visit;
    const { headers, rawHeaders, httpVersion } = request;
    return buildRequestHeaders({
      rawHeaders,
      httpVersion,
      connection: headers.connection,
      via: headers.via,
      te: headers.te,
      withheld,
      forwarding: forwardingOf(request, this.peers.of(request.socket)),
      requestId,
      contentLength,
      upstreamHeaders: destination.upstreamHeaders,
    });
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw malformedPath();
  }
}
